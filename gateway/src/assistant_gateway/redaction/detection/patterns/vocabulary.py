"""The words that say what a value is, in the languages that we know them in.

Written folded (no accents: folding.py) and in small letters; `a b` also matches `a_b`, `a-b` and `aB`.
"""

from typing import Final


class Kind:
    """What the value after a word is: bits. Plain integers, because an IntFlag's `&` costs as much as a search."""

    PHONE: Final = 1
    ID: Final = 2  # of a person, given by a state
    ACCOUNT: Final = 4  # of a person, at a bank
    CARD: Final = 8
    CARD_CODE: Final = 16  # what is printed on the back
    BIRTH: Final = 32
    PASSWORD: Final = 64
    PIN: Final = 128
    KEY: Final = 256  # API keys, tokens, secrets: what programs show each other
    PRIVATE: Final = 512  # a private key in another form than PEM
    AUTH: Final = 1024  # schemes of the Authorization header
    COOKIE: Final = 2048
    EMAIL: Final = 4096
    WEAK: Final = 8192  # says something only together with a value of the right shape (`call`, `number`)
    OTHER: Final = 16384  # a number that is nobody's: orders, versions, hashes


TABLE: Final[dict[int, str]] = {
    Kind.PHONE: """
        phone|phones|mob|mob no|phone number|phone numbers|phone no|phone nr|phone num|telephone|telephone number|telephone no
        tel|tel no|tel nr
        mobile|mobile number
        mobile no|mobile phone|cell|cell phone|cell number|cellphone|cellular|fax|fax number|fax no|landline|whatsapp
        sms|hotline|helpline
        contact number|contact no|emergency contact|home phone|work phone|office phone|direct line|daytime number|callback number
        call back number|msisdn
        phonenumber|home number|work number|voicemail|handset|ph|ph no
        telefon|telefonnummer|telefon nr|handynummer|mobil|mobilnummer|mobiltelefon|festnetz|festnetznummer|rufnummer|durchwahl|fon
        mobilfunknummer
        ruckruf|ruckrufnummer|telefax|notfallnummer|tel nummer
        telephoner|numero de telephone|numero de portable|telecopie|joignable|numero de mobile
        telefono|numero de telefono|movil|numero de movil|celular|telefono movil|telefono fijo|tlf|tfno|fijo
        numero di telefono|cellulare|recapito telefonico|recapito|numero di cellulare|telefonino
        telefone|numero de telefone|telemovel|contato|contacto telefonico
        telefoon|telefoonnummer|mobiel|mobiele nummer|gsm|gsm nummer|vaste lijn|mobielnummer
        telefonnr|mobilnr|tlf nr|puhelin|puhelinnumero|matkapuhelin|telefonnummeret
        numer telefonu|komorka|komorkowy|nr tel|nr telefonu|telefon komorkowy|telefonni cislo|telefonszam
        numar de telefon|cep telefonu|cep no|cep tel|cep
        telefon numarasi
        телефон|телефона|тел|мобильный|номер телефона|сотовый|моб|телефону|电话|手机|手机号|手机号码|联系电话|電話|電話番号|携帯
        携帯番号|携帯電話|전화|전화번호|휴대폰|핸드폰|연락처
        τηλεφωνο|κινητο|τηλ|טלפון|נייד|هاتف|جوال|رقم الهاتف|फोन|मोबाइल
        fone|telef|tlm|tlmv|telefone fixo|telefone celular|tel kom|tel dom|tel mob|tel fixe|tel port|tel priv|tel uff|tel fijo|tel movil
        cel|notfallkontakt|contact d'urgence|contacto de emergencia|contatto di emergenza|noodcontact|contato de emergencia
        """,
    Kind.PHONE | Kind.WEAK: """
        call|calling|called|call me|call us|call him|call her|call them|ring|dial|text|text me|texted|reach|reached|reach me|reachable
        contact|contacted|message|my number|his number|her number
        their number|your number|our number|the number|number is|new number|number for
        signal|portable|fixe|handy|rufen|anrufen|ruf|erreichbar|erreichen|erreichst|ruft|angerufen|meine nummer|seine nummer
        ihre nummer|nummer ist|nummer lautet|unter der nummer
        appelez|appeler|appelle|appelez moi|joindre|contacter|contactez|rappeler|rappelez|mon numero|son numero|au numero|numero est
        llame|llama|llamame|llamar|llameme|llamenos|llamanos|llamar al|telefonee|contactar|contacteme|mi numero|su numero|numero es
        al numero
        chiama|chiamare|chiamami|chiamate|chiamaci|chiami|chiamarmi|contattare|contattami|mio numero|suo numero|numero e|al numero
        ligar|ligue|liga|meu numero|contatar|bellen|bel|bereikbaar|mijn nummer|nummer is|zadzwon|dzwonic|moj numer|ring meg|ring mig
        mitt nummer
        звоните|позвоните|мой номер|номер
        whats|zap|kom|fixo
        """,
    Kind.ID: """
        ssn|ssns|n i f|carta identita|cnic|emirates id|teudat zehut|npi number|patient number|st nr|steuer no|social security
        social security number
        social security no|social security num|soc sec|itin
        taxpayer identification number|taxpayer id|tax id|tax id number|tax identification number
        tin|ein|national id|national id number|national identification number|national identity number|identity number|identity card
        identity card number|id card|id card number|id number|id no
        identification number|passport|passport number|passport no|passport num|passport id|driver license|drivers license
        driver's license|driving licence|driving license|driver license number
        drivers license number|driver's license number|driving licence number|driving license number|driver's licence|drivers licence
        dl number|licence number|dl no|dl nr|license number|license no|dvla number
        national insurance|national insurance number|national insurance no|ni number|nino|nhs|nhs number|nhs no|sin
        social insurance number|social insurance|tfn|tax file number|medicare number|medicare|medicaid
        mbi|ird number|ird|aadhaar|aadhar|aadhaar number|aadhar number|aadhaar no|uidai|pan|pan card|pan number|pan no|voter id|nric
        fin number|mykad|visa number|green card|alien number|a number
        utr|unique taxpayer reference|pps|ppsn|pps number|health card|health insurance number|insurance number|medical record number
        mrn|patient id|member id|beneficiary id
        steuer id|steuerid|steuer identifikationsnummer|steueridentifikationsnummer|steuerliche identifikationsnummer
        identifikationsnummer|idnr|id nr|steuernummer|steuer nr|sozialversicherungsnummer
        rentenversicherungsnummer|versicherungsnummer|versichertennummer|krankenversichertennummer|svnr|kvnr|kv nr
        sv nummer|personalausweis
        personalausweisnummer|ausweisnummer|ausweis nr|ausweis|reisepass|reisepassnummer
        passnummer|fuhrerschein|fuhrerscheinnummer|ahv|ahv nummer|ahv nr|sozialversicherung
        nir|numero de securite sociale|securite sociale|numero de secu|secu|numero d'identite|carte d'identite|numero fiscal|passeport
        numero de passeport|permis de conduire|carte vitale|cni|spi
        dni|nie|nif|documento nacional de identidad|numero de identidad|pasaporte|numero de pasaporte|permiso de conducir
        carnet de conducir|carne de conducir|seguridad social|numero de seguridad social
        curp|cedula|cedula de identidad|cedula de ciudadania|cuil|cuit|rut|ine|clave de elector|documento de identidad
        codice fiscale|cod fiscale|cf|carta d'identita|passaporto|numero di passaporto|patente|patente di guida|tessera sanitaria
        cpf|cnpj|rg|cnh|numero de identificacao|numero de contribuinte|contribuinte|cartao de cidadao|bilhete de identidade|passaporte
        titulo de eleitor|niss|pis
        bsn|burgerservicenummer|rijksregisternummer|identiteitskaart|paspoort|paspoortnummer|rijbewijs|rijbewijsnummer
        registre national|numero de registre national|insz|sofinummer
        personnummer|personnummeret|personnr|pnr|fodselsnummer|fodselsnr|fnr|cpr|cpr nummer|cpr nr|henkilotunnus|hetu
        samordningsnummer|kennitala|henkilotunnukseni
        pesel|nip|dowod|dowod osobisty|numer dowodu|nr dowodu|paszport|numer paszportu|prawo jazdy|rodne cislo|cnp|egn|oib|jmbg|emso
        afm|amka|taj|adoszam|asmens kodas|isikukood|personas kods|tc kimlik|tckn|tc kimlik no
        инн|снилс|паспорт|паспорта|номер паспорта|护照|护照号|护照号码|身份证|身份证号|身份证号码|マイナンバー|個人番号|旅券番号
        パスポート|운전면허|주민등록번호|주민번호|여권|여권번호|αφμ|αμκα
        דרכון|ת ז|תעודת זהות|आधार
        uscis|uscis number|alien registration number|permanent resident card|resident card|residence permit|residence permit number
        health insurance id|insurance id|subscriber id|medicaid id|oci card|state id|dl|d/l|drivers lic|driver lic|lic no|lic number
        perso|aufenthaltstitel|aufenthaltserlaubnis|gesundheitskarte|krankenkassennummer|sv nr|rv nr|rv nummer|versicherten nr
        krankenversichertennr|vers nr|steuer id nr
        titre de sejour|carte de sejour|carte nationale d'identite|piece d'identite|allocataire|numero d'allocataire|num secu|no secu
        nss|nuss|seg social|numero de la seguridad social|tarjeta sanitaria|tarjeta de residencia|permiso de residencia
        licencia de conducir|permesso di soggiorno|documento d'identita|cie
        id kaart|identiteitsbewijs|verblijfsvergunning|numer prawa jazdy|karta pobytu|numer pesel|seria i numer dowodu
        carta de conducao|carteira de motorista|carteira de identidade|cartao do cidadao|numero de utente|registro geral|bi/cc|cc/bi
        seguranca social|numero de seguranca social
        thai id|thai national id|thai citizen id|tnin|turkish id|turk kimlik numarasi|kimlik numarasi|kimlik no|tc no|t c kimlik
        t c kimlik no|เลขประจำตัวประชาชน|เลขบัตรประชาชน|บัตรประชาชน|หนังสือเดินทาง
        frn|foreigner registration number|alien registration|alien registration no|외국인등록번호|운전면허번호
        fahrerlaubnis|fahrerlaubnisnummer|egk|egk nummer|krankenversicherungsnummer|krankenversicherung|pass nr|reisepass nr|vsnr
        numero de identificacion de extranjero|numero de identificacion fiscal|numero de identificacao fiscal|identificacion fiscal
        rol unico tributario|cedula de persona fisica|cedula unica de identidad|cui|dui|nit|nuip|numero unico de identidad
        registro unico de contribuyentes|ruc|tarjeta de identidad|carne de extranjeria|clave unica
        numero d'immatriculation fiscale|immatriculation fiscale|numero d'identification nationale|national number|rijbewijsnummer
        osobni identifikacijski broj|maticni broj|obciansky preukaz|obcansky prukaz|szemelyi szam
        personal public service number|personal public service|mispar zehut|misp zehut|rntrc|рнокпп|інн|ідентифікаційний код|паспорту
        егн|јмбг|ембг|иин|жсн|снилс номер|cod numeric personal|carte de identitate
        nik|nomor induk kependudukan|ktp|nomor ktp|cccd|cmnd|so cccd|can cuoc cong dan|nin|national identification no|philsys|umid
        sss number|sss no
        philhealth|nid number|nid no|abha number|epic no|epic number|voter card|voter id number|elector id|driving licence no
        driving license no|ration card|hkid|hkid number|hk id card|hong kong id|emirates id number|iqama|iqama number|kra pin|sa id number
        atin|ptin|inland revenue number|medicare id|medicare beneficiary identifier|driver licence|driver licence number
        drivers licence number|citizenship number|citizen id|civil id|identification card number
        npi|npi no|national provider identifier|provider id|npwp|nomor pokok wajib pajak|лнч|единен граждански номер|личен номер на чужденец
        passports|passport numbers|passport nos|social security numbers|national ids|tax ids|nhs numbers|licence numbers|license numbers
        numero d'assurance sociale|assurance sociale|mon nas|son nas|votre nas|rrn|resident registration number|provider identifier
        identity document number|abgabenkontonummer|codigo unico de identificacion tributaria|numero de identificacion tributaria
        voter registration number|registro federal de contribuyentes|documento unico de identidad
        """,
    Kind.ACCOUNT: """
        iban|rtn|conta corrente|a/c|a/c no|kto|kto nr|compte|conta|account number|account no|acct|acct no|acct number|bank account
        bank account number|account num|checking account
        savings account|routing|routing number|routing no|aba number|aba|sort code|bsb|bsb number|ifsc
        swift|swift code|bic|bic code|kontonummer|konto nr|konto|bankverbindung|blz|bankleitzahl|numero de compte|compte bancaire|rib
        numero de cuenta|cuenta bancaria|cuenta corriente|clabe|numero di conto|conto corrente
        numero da conta|conta bancaria|rekeningnummer|bankrekening|numer konta|nr konta|numer rachunku|nr rachunku|rachunek
        rachunek bankowy|kontonummeret|bankkonto|numero conto|kontonr|bankgiro|clearingnummer|account|银行账号
        银行卡号|口座番号
        계좌번호|счет
        acc|acc no|acc number|acc num|acc nr|bank acc|bank acc no|bank acc number|bank account no|sortcode|sort
        postkonto|postcheckkonto|pc konto|postfinance konto|ccc|nib|cta|cta cte|cbu|c/c|agencia|rekening|rek nr|numero da agencia
        """,
    Kind.CARD: """
        card|credit card|debit card|card number|card no|credit card number|cc|ccn|cc number|visa|mastercard|amex|american express
        kreditkarte|kreditkartennummer|kartennummer|carte|carte bancaire|carte de credit
        numero de carte|tarjeta|numero de tarjeta|tarjeta de credito|carta di credito|numero di carta|cartao|cartao de credito
        creditcard|kaart|karta|carta|bancomat|girocard|maestro|karta platnicza
        numer karty|номер карты|карта|карты|信用卡|クレジットカード|카드번호
        kaartnummer|bankkaart|betaalkaart|bankpas|pinpas|bankkarte|ec karte|girokarte|debitkarte|carte bleue|numero carta
        numero do cartao|karta kredytowa|nr karty|karta debetowa
        """,
    Kind.CARD_CODE: """
        prufnummer|cvv|cvc|cvv2|cvc2|csc|card verification|security code|card security code|prufziffer|kartenprufnummer|cryptogramme
        codigo de seguridad
        codigo de seguranca|codice di sicurezza|card code|beveiligingscode|kartenprufziffer|kod cvc|kod cvv|セキュリティコード|安全码
        digits on the back|digits on back|digit code on the back|digits on the front|digits on front|digit code on the front
        ziffern auf der ruckseite|stellen auf der ruckseite|chiffres au dos|chiffres au verso|digitos del reverso|digitos de atras
        cifras del reverso|cifre sul retro|cijfers op de achterkant|cijfers achterop|cyfry z tylu|cyfry na odwrocie|digitos no verso
        cod seg|cod seguridad|cod seguranca|cod sicurezza
        kpn|three on the back|ziffern hinten|ziffern auf der karte
        """,
    Kind.BIRTH: """
        dob|d o b|date of birth|birth date|birthdate|birthday|birth day|b day|zur welt|born|born on|born in|bday|born at
        geboren|geburtsdatum|geburtstag|geb|geboren am|geb am|gebdat|geburtsjahr
        date de naissance|ne le|nee le|ne a|ne en|nee a|nee en|nee|naissance|ddn|anniversaire|nacido|nacida|nacido el|nacida el|naci
        naci el|nacio|nacio el|fecha de nacimiento|nacimiento|cumpleanos|f nac|fecha nac
        fecha y lugar de nacimiento|data e luogo di nascita|data i miejsce urodzenia|date et lieu de naissance
        nato|nata|nato il|nata il|data di nascita|nascita|compleanno|nascido|nascida|nasci|nasceu|data de nascimento|nascimento
        aniversario
        geboortedatum|geboren op|verjaardag|fodt|fodselsdato|fodelsedatum|fodd|fodelsedag|syntynyt|syntymaaika|data urodzenia|urodzony
        urodzona|ur|urodzilem|urodzilam|urodziny|datum narozeni|narozen|narozena
        szuletesi datum|szuletett|data nasterii|nascut|nascuta|dogum tarihi|dogumlu|дата рождения|родился|родилась|рождения|出生日期
        出生|生日
        生年月日|誕生日|생년월일|생일|ημερομηνια γεννησης|תאריך לידה|تاريخ الميلاد|जन्म तिथि
        d/o/b|year of birth|birth year|annee de naissance|ano de nacimiento|ano de nascimento|anno di nascita|geboortejaar|rok urodzenia
        ne(e) le|ne(e) a|ne e le|ne/nee le|nato/a il|nato/a a|nato(a) il|nacido/a el|nacido/a en|nacido(a) el|nascido/a em|nascido(a) em
        urodzony/a|urodzony(a) dnia|geb datum|fn|dn
        """,
    Kind.PASSWORD: """
        password|passwords|passwd|pwd|pw|passphrase|pass phrase|pass|pswd|psswd|login password|db password|user password
        one time password|otp|temp password|temporary password|userpass|dbpass|password hash
        backup code|backup codes|recovery code|recovery codes|recovery key|lozinka|lozinku|passwrod|passowrd|pasword
        passwrd|psw|p/w|rootpw|adminpw|storepass|keypass|psk|wpa passphrase|pre shared key
        snmp server community|identified by
        password confirmation|masterpass|password value|password text|password confirm|password prod|password dev
        password test|password new|password old
        passwort|kennwort|losungswort|passwortes|zugangspasswort|zugangscode|mot de passe|mdp|motdepasse|code d'acces|contrasena|clave
        clave de acceso|palabra clave|parola d'ordine|parola|senha|palavra passe
        wachtwoord|losenord|losenordet|passordet|adgangskoden|wachtwoorden|hasla|haslem|sifrem|sifreniz|parolam|parolasi
        adgangskode|passord|salasana|haslo|heslo|jelszo|parola de acces|sifre|sifresi|лозинка|пароль|пароля|密码|口令
        パスワード|비밀번호|암호|κωδικος προσβασης|κωδικος|סיסמה|كلمة المرور|كلمة السر|पासवर्ड
        ww|code wifi|cle wifi|clef wifi|cle wpa|cle de securite|wifi key|wifi code|wi fi key|wlan schlussel|wlan key|wlan code
        netzwerkschlussel|clave wifi|codigo wifi|chiave wifi|chiave di rete|network key|klucz wifi|kod wifi
        passcode|pass code|kenncode|meeting passcode|zoom passcode|freischaltcode|aktivierungscode|activation code|unlock code
        code d'activation|codigo de activacion
        secret word|memorable word|magic word|safeword|safe word|codeword|code word|codewort|mot de code|palabra clave
        secret phrase|phrase secrete|phrase de passe|frase secreta|frase segreta
        frase de acceso|frase di accesso|wachtwoordzin|passsatz|clave secreta
        """,
    Kind.PIN: """
        pin|pin code|pin number|pin no|pincode|geheimzahl|code pin|codigo pin|verification code|auth code|2fa code|security pin
        one time code|passcode|pin kod|пин|пин код
        confirmation code|login code|sign in code|activation code|unlock code|door code|gate code|alarm code|entry code
        lock code|safe code
        keypad code|lockbox code|voicemail pin|otp|otp code|mfa code|puk|puk code|tan|sms tan|sms code|one time password|one time pin
        bestatigungscode|verifizierungscode|sicherheitscode|freischaltcode|einmalcode|einmalpasswort|aktivierungscode
        anmeldecode|turcode
        haustur code|alarmcode|tresorcode|einmal code|sms code lautet
        code de verification|code de confirmation|code de validation|code secret|code d'entree|digicode|code d'alarme|code du portail
        code d'activation|code porte|code sms|code a usage unique
        codigo de verificacion|codigo de confirmacion|codigo secreto|codigo de acceso|codigo de activacion|codigo sms
        codigo de la alarma
        codigo de la puerta|codigo de un solo uso|codigo del portal
        codice di verifica|codice di conferma|codice otp|codice segreto|codice di accesso|codice sms|codice pin|codice dell'allarme
        codigo de verificacao|codigo de confirmacao|codigo de acesso|codigo do alarme
        verificatiecode|bevestigingscode|toegangscode|deurcode|alarmcode|poortcode|sms-code
        kod weryfikacyjny|kod potwierdzajacy|kod sms|kod dostepu|kod do drzwi|kod do bramy|kod do domofonu|kod pin
        verifieringskod|bekraftelsekod|engangskod|portkod|larmkod|bekreftelseskode|engangskode|dorkode
        dogrulama kodu|onay kodu|код подтверждения|код доступа|код из смс|пук|код домофона
        验证码|校验码|動態密碼|認証コード|確認コード|暗証番号
        인증번호|인증코드|رمز التحقق|الرقم السري|رمز الدخول|ओटीपी|सत्यापन कोड|पिन|קוד אימות
        atm code|ipad code|iphone code|phone code|tablet code|screen code|locker code|bike code|handycode|handy code|sperrcode
        code de carte|code de carte bleue|code de la carte|code cb|code du telephone|code telephone|codigo del movil|codigo de la tarjeta
        codice del telefono|codice bancomat|codice della carta|codigo do cartao|codigo do celular|kod do telefonu|kod do karty
        safe combination|lock combination|zahlenkombination|combinaison|combinacion|combinazione
        """,
    Kind.KEY: """
        my key|your key|our key|the key|global key|apiキー|functions key|secret key base|api key base
        api key value|api key prod|api key dev|api key test|secret value|token value|access key value
        api key|apikey|api keys|api secret|api token|secret|secrets|secret key|client secret|app secret
        application secret|consumer key
        consumer secret|access key|access key id|secret access key|access token|auth token
        authentication token|auth key|authtoken|authorization token|refresh token|id token|session token|bearer token
        token|service key
        service token|account key|storage key|shared key|shared access key|subscription key|master key
        encryption key|signing key|signing secret|signature key|webhook secret|hmac key|hmac secret|jwt secret|deploy key|deploy token
        license key|licence key|personal access token|pat|credential|credentials|x api key
        secret token|token secret|oauth token|client key|app key|application key|integration key|account token|bot token|csrf token
        xsrf token|connection key|aes key|crypto key|secret base|sas token|root token|user key|admin key
        server key|auth secret|cookie secret|session secret|ssh key|registry token|publish token|write key|read key|api password
        private token|access code|api schlussel|schlussel|geheimnis|zugriffstoken|cle api|cle d'api|cle secrete|jeton
        clave api|clave de api|clave secreta|chiave api|chiave segreta|chave api|chave de api|chave secreta|token de acceso
        token d'acces|api sleutel|klucz api|ключ|ключ api|api ключ|токен|секрет|密钥|令牌|トークン|秘密鍵
        unseal key|recovery share|genie key|dd api key|user auth
        """,
    Kind.PRIVATE: """
        wallet seed|private key|privatekey|priv key|privkey|wallet key|seed phrase|recovery phrase|mnemonic|mnemonic phrase|seed words
        recovery words|privater schlussel|cle privee|clave privada|chiave privata|chave privada
        """,
    Kind.AUTH: """
        bearer|basic|authorization|proxy authorization|x auth token|x api token|x access token|x vault token|private token|job token
        x amz security token
        ssws
        """,
    Kind.COOKIE: """
        cookie|set cookie|session id|sessionid|sessid|phpsessid|jsessionid|asp net sessionid|connect sid|sid|laravel session|gitlab session
        csrftoken
        sessiontoken|auth cookie
        """,
    Kind.OTHER: """
        order|orders|order number|order no|order id|invoice|invoices|invoice number|invoice no|ticket|tickets|case|case number
        reference|reference number|ref|ref no|tracking|tracking number|shipment|sku|part|part number|part no
        serial|serial number|model|model number|version|versions|v|ver|build|build number|release|revision|rev|commit
        isbn|issn|ean|upc
        gtin|asin|doi|pmid|arxiv|error|error code|status code|exit code|port|ports|pid|line|lines
        row|rows|page|pages|article|item|items|batch|lot|bug|issue|issues|po|purchase order|hash|checksum|digest|sha|md5|sha1|sha256
        crc|timestamp|timestamps|unix|epoch|amount|total|price|population|bytes|size|count|seed
        latitude|longitude|lat|lon|lng|coordinates|transaction|transaction id|request id|trace id|job|job id|job number|process|thread
        section|sections|chapter|chapters|figure|table|step|clause|quantity|qty|id in table|revenue|salary|budget|index|offset
        address 0x
        product|product id|product number|policy|docket|protocol|customer number|customer id|customer no|meter|vin|imei|imsi|zip
        postal code|postcode|plz|schema|firmware|package|flight|course|room
        bestellung|bestellnummer|auftrag|auftragsnummer|rechnung|rechnungsnummer|rechnungs nr|kundennummer|kunden nr|artikelnummer
        artikel nr|sendungsnummer|vorgangsnummer|aktenzeichen|seriennummer|bestell nr|zeile|seite|betrag|ticketnummer
        commande|numero de commande|facture|numero de facture|reference client|dossier|colis|numero de suivi|suivi|numero de serie
        numero client|montant|ligne
        pedido|numero de pedido|factura|numero de factura|referencia|seguimiento|numero de seguimiento|expediente|numero de serie
        importe|linea|ordine|numero ordine|numero d'ordine|fattura|numero fattura|riferimento|spedizione|codice prodotto
        encomenda|fatura|bestelnummer|bestelling|factuur|factuurnummer|ordernummer|fakturanummer|numer zamowienia|zamowienie|faktura
        заказ|заказа|номер заказа|счет фактура|订单|订单号|注文番号|주문번호
        """,
}
