"""Things that are written like names: laws of nature, illnesses, programs, dishes, plants, colours.

Some of them nobody is called by ("Gaussian", "Matplotlib"). Others are somebody's name as well ("Cassandra", "Rosemary"): such a word is a
thing where the text speaks of its field, which a field's signs say.

Neighbours: words.py has what is hardly ever a name in any field, ordinary.py what a name means besides, eponyms.py the words around a
thing that is called after somebody.
"""

import re
from dataclasses import dataclass
from typing import Final

_WORD: Final = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class _Field:
    """Words that are things, words that may be, and the words that say that this is spoken of."""

    things: frozenset[str]
    either: frozenset[str]
    signs: frozenset[str]
    heads: frozenset[str]
    """Those signs that stand beside such a thing: "Caesar salad", unlike "Mary baked"."""


def _field(things: str, either: str, heads: str, signs: str = "") -> _Field:
    sure, nouns = frozenset(things.split()), frozenset(heads.split())
    return _Field(sure, frozenset(either.split()), nouns | sure | frozenset(signs.split()), nouns)


_SCIENCE: Final = _field(
    """
    lipschitz heisenbergsche neptune neptun saturne uranus cambrian devonian jurassic triassic cretaceous silurian ordovician permian
    faustian pyrrhic eustachian fallopian edwardian elizabethan jacobean napoleonic ptolemaic euclidian malthusian rubenesque apgar
    milgram molotov richterscale nasdaq abelian alzheimer ampère archimedes aristotelian asperger avogadro banach basedow bayes bayesian
    bechdel bernoulli bessel bohr boltzmann boole boolean brownian bunsen burkitt cantor carnot cartesian cauchy celsius chebyshev
    copernican coulomb crohn cushing darwinian diophantine dirac dirichlet doppler duchenne einsteinian euclid euclidean euler eulerian
    fahrenheit faraday fermat fermi fibonacci fourier freudian frobenius galilean galois gauss gaussian gauß gödel hamiltonian hamming
    heimlich heisenberg hellinger hermitian hessian hodgkin hooke hubble jacobian kaposi keynesian kirchhoff kolmogorov kruskal lagrange
    lagrangian laplace laplacian lebesgue leibniz levenshtein lorentz lorentzian machiavellian mandelbrot markov markovian maslow mendel
    mendelian minkowski mohs möbius newtonian nyquist occam ockham ohm orwellian pareto pavlovian planck platonic poincaré poisson
    pythagoras pythagore pythagorean pitágoras rayleigh riemann riemannian rorschach röntgen schrödinger shapley skinnerian socratic
    tchebychev tesla tourette turing venn voronoi weierstrass wilcoxon zipf spearman bonferroni alzheimers parkinsons
    """,
    """
    venus vénus mars marte mercury mercure merkur mercurio saturn jupiter pluto mann wallis richter achilles achille aquiles julian
    gregorian dewey dow adam xavier stanford victorian georgian fahr abel hilbert kalman kendall reynolds shannon dijkstra geiger hodges
    jacobi legendre neumann pavlov pearson raynaud wiener parkinson hashimoto epstein addison allen bell boyle charles cook darwin down
    einstein fisher freud friedman galileo graham graves hamilton hawthorne hess huntington joule kelvin lou marshall maxwell moore
    murphy nash newton norton pascal phillips stokes student whitney watt wilson orion
    """,
    """
    space spaces matrix planet planets planètes planetas planeten sternbilder constellation magnitude tendon tendón calendar calendars
    calendrier calendario numerals theorem theorems lemma conjecture equation equations distribution syndrome inequality transform
    equilibrium coefficient polynomial polynomials théorème équation syndrome inégalité dérivée teorema ecuación síndrome derivada
    gleichung verteilung syndrom ungleichung ableitung paradox screwdriver tournevis destornillador
    """,
    """
    test tests number numbers function functions decimal experiment optimiser optimizer initialisation initialization disease disorder
    algorithm effect constant hypothesis statistics statistical temperature derivative integral formule maladie loi hypothèse fórmula
    enfermedad hipótesis satz krankheit algorithmus physics mathematics
    """,
)
_SOFTWARE: Final = _field(
    """
    python javascript golang kafka redis postgres kubernetes docker django gitlab github jira airbyte airtable alacritty angular
    antivirus argocd artifactory asana astro avast avro bazel bitbucket bitwarden blender bootstrap buildah caddy cilium circleci clang
    clickhouse clojure cmake cockroachdb confluence copilot cortana couchbase cython databricks datadog deno dropbox duckdb
    elasticsearch electron elixir envoy erlang etcd excalidraw express fastapi figma firebase flannel fluentd flutter ghostty gimp gitea
    gitops gmail gradle graylog groovy gunicorn hadoop haproxy harbor hashicorp heroku hibernate hive homebrew influxdb inkscape istio
    jaeger jekyll jest jetbrains joomla jquery junit k9s kibana kotlin kustomize kyverno laravel libreoffice linkerd llama llvm magento
    mailchimp mariadb matomo mattermost matplotlib memcached minikube minio mold moodle mypy nagios neovim nextcloud nextjs nginx nomad
    notion numpy nvidia obsidian onedrive openshift openstack opensearch pagerduty paperless photoshop pipenv podman polars postgresql
    postman powerbi powerpoint protobuf pulumi puppeteer pydantic pytest pytorch quarkus rabbitmq rancher raspbian redshift redux retool
    ruff salesforce sass scipy scikit seaborn selenium sentry servicenow sharepoint shopify sketchup skype snowflake snyk solidity
    sonarqube spotify spyder squarespace stackoverflow strapi streamlit stripe superset supabase svelte symfony tableau tailwind tekton
    telegram tensorflow thunderbird tomcat traefik trello trino trivy typescript valgrind varnish velero vercel vite vitest volto
    webpack wireshark woocommerce wordpress xcode zabbix zapier zendesk zig zipkin zookeeper zsh discord chromium brave onenote evernote
    playwright cypress celery gitpod ghidra dbt
    """,
    """
    ada alexa loki apollo argo athena aurora avro bard basil cassandra celeste claude consul crystal delphi ember fiona flask gatsby
    gemini hermes hugo jasmine jenkins jordan julia karma lisp lucene maven mercury mistral mocha norton opal pascal phoenix pulsar
    puppet rex rook ruby sonnet swift thanos travis vagrant vault winston haskell falco helm
    """,
    """
    deployment deployments library libraries framework compiled linker backend frontend namespace cluster pod pods broker container
    containers repository repo codebase programming languages pipeline pipelines api apis kafka redis postgres kubernetes docker
    jenkins tekton elasticsearch django rails javascript typescript python haskell rust golang gitlab github ansible jira slack
    antivirus playbook playbooks plugin plugins
    """,
    """
    deploy deploys deployed install installed compile merge rebase code apps app server servers skill assistant timer programm
    proyecto projekt installer instalar installieren query queries laptop driver drivers database databases
    """,
)
_KITCHEN: Final = _field(
    """
    americano americanos basmati béarnaise béchamel bechamel bolognese brie camembert cappuccino carbonara chianti cointreau edamer
    emmental emmentaler espresso feta gorgonzola grana gruyère gruyere guinness hollandaise kümmel liebstöckel macchiato majoran
    marinara mascarpone mozzarella nutella parmesan parmigiano pecorino prosecco provolone ricotta roquefort tabasco tartar tatin
    teriyaki sriracha chardonnay riesling sauvignon cayenne stilton
    """,
    """
    alfredo angelica bakewell bordeaux burgundy champagne cheddar cognac comté dijon gouda rioja worcester worcestershire basil
    battenberg benedict caesar césar cesar chelsea cheshire clementine clementines charlotte coriander cornish ginger hélène lorraine
    madeira madeleine margarita margherita marsala mary merlot napoli olive pepper reuben rosemary saffron sage salz stroganoff
    suzette tom victoria wellington yorkshire salvia
    """,
    """
    sauce sauces salad salads pizza pizzas cheese mustard rice pasta pancake tablespoon teaspoon pinch recipe recipes soup cake cakes
    sponge pie pasty bun potato potatoes wilts herbs dough tart salade fromage moutarde riz beurre farine crème recette tarte soupe
    pincée ensalada queso mostaza arroz mantequilla harina receta tortilla sopa pizca añade suppe käse senf reis mehl rezept teig
    schnitzel kuchen salat würzt zucker ajoutez cocktail sandwich pudding wine vin vino wein lettuce
    """,
    "bake baked oven cream grate stir simmer roast waffles serve serves toast butter flour",
)
_GARDEN: Final = _field(
    """
    nelken lilien tulpen hortensien ahorn azucenas begonia buche chrysanthemum esche fliederbusch geranium gladiole hecht hydrangea
    specht tulipe
    """,
    """
    adler amber aster azalee azucena hortensia ivy basil blanche bluebell brun camélia camellia capucine cerise cherry clementine coral
    crimson dahlia daisy fern flora fuchs ginger hahn hazel heather holly iris jade jasmin jasmine jay jazmín laurel lavender lilac
    lilie lily linde magnolia margarita marguerite marina marine marigold martin myrtle narcissus olive poppy primrose robin rosa rose
    rosemary ruby saffron sage scarlet sienna violet violeta violette violetta willow wolf wren rosen
    """,
    """
    acorns clavel claveles geranio geranios girasol tulipán tulipanes lirio lirios tulips daffodils roses lilies nelken tulpen rosen
    lilien hortensien œillet œillets tulipes marguerites jardines jardins fleur flor blume couleur couleurs kaki noir verde azul rojo
    negro amarillo colores farbe farben kräht heult baum bäume árbol lark petals wilts bunch bouquet
    """,
    """
    garden gardens nest nests flower flowers plant plants bird birds tree trees paint bloom blooms blossom color colors colour colours
    crecen florecen poussent fleurit fleurissent riega arrose gießt blüht heath kachel garten jardín jardin fleurs flores blumen vogel
    vögel shade shades herbs
    """,
)
_GOODS: Final = _field(
    """
    monopoly scrabble jenga cluedo catan risiko teflon téflon tempo labello adidas aldi arial audi bahlsen birkenstock bmw bugatti
    burberry canon carrefour casio chevrolet citroën citroen colgate dacia decathlon duracell dyson edeka epson fiat fisherprice
    fritolay garamond gillette gucci haribo heineken helvetica hermès honda huawei hyundai ikea jaguar kaufland kellogg kleenex
    lamborghini lego lenovo levis lexus lidl logitech mattel mazda mcdonalds mercadona michelin miele mitsubishi nescafé nespresso
    nestlé nike nikon nintendo nissan nivea nokia nutella opel oreo panasonic pepsi peugeot pirelli playmobil playstation polaroid
    porsche primark puma quorn reebok rimowa rolex samsung sega seiko siemens skoda sony starbucks subaru suzuki swatch tchibo tefal
    tesco tetrapak toshiba toyota tupperware velcro volkswagen volvo whirlpool xbox xiaomi yamaha zalando zumba pilates verdana calibri
    futura beatles hamlet macbeth othello pokémon pokemon minecraft fortnite tetris
    """,
    """
    zara siri kong carmen chanel charlie dior echo faust ford harley kenwood levi louis lincoln mario marlboro max mercedes nova oscar
    pandora queen royce saab sage seat sharp singer smart tesla tiffany wrigley zelda alfa kia ericsson ferrari bosch prada guinness
    renault philips rossmann barbie
    """,
    """
    car cars jeans trainers shoes razor razors fridge bars console games opera opéra ópera oper overtook lap brand brands marque
    marques marca marcas marke marken engine engines product lines printer printers
    """,
    "voiture coche auto werkstatt garage taller film movie band album",
)
_FIELDS: Final = (_SCIENCE, _SOFTWARE, _KITCHEN, _GARDEN, _GOODS)
_SURE: Final = frozenset[str]().union(*(field.things for field in _FIELDS))


# A town all the same: "the cheese from Gouda".
_WHERE: Final = re.compile(r"(?<!\w)(?:in|at|from|to|near|à|en|de|a|nach|aus|bei|von|vers)[ ]$", re.IGNORECASE)

_AND: Final = r"(?:,? (?:and|or|und|oder|et|ou|y|o|e|to|nor|vs|on) |, |/|-)"
_BEHIND: Final = re.compile(rf"(?:{_AND}[^\W\d_]+){{1,4}}")
_BEFORE: Final = re.compile(rf"(?:(?<!\w)[^\W\d_]+{_AND}){{1,4}}$")
_ARE: Final = re.compile(r" (?:are|is|sind|ist|sont|est|son|es|crecen|grow)(?!\w)")
_NEXT: Final = re.compile(r"[ ]([^\W\d_]+)")
_LAST: Final = re.compile(r"(?<!\w)([^\W\d_]+)[ ](?:d['’]|de[ ])?$")
# Nobody has these before their name, and a program is what one uses.
_LED: Final = """
    the a an le la les el los las un una une der die das ein eine einen den use uses using via run runs import open install start nutzen
    nutzt utilise utilisons utiliser usa usamos usar benutze benutzen verwenden
"""
_LEADS: Final = frozenset(_LED.split())
_LONGEST: Final = 30


class Things:
    """The words of a text that are things in it."""

    def __init__(self, text: str) -> None:
        words = {word.lower() for word in _WORD.findall(text)}
        self._text = text
        self.sure = _SURE & words
        """Nothing else, whatever the text is about; written small."""
        self._spoken = [field for field in _FIELDS if not words.isdisjoint(field.either) and not words.isdisjoint(field.signs)]

    def is_spoken(self, lowered: str) -> bool:
        """Say whether the text speaks of the field in which a word is a thing."""
        return any(lowered in field.either for field in self._spoken)

    def is_likely(self, start: int, end: int) -> bool:
        """Say whether a name is a thing here: the text speaks of its field, and the words beside it do not fit somebody.

        "Margherita pizza", "the robin", "Kafka, Cassandra", not "Mary baked a cake".
        """
        lowered = self._text[start:end].lower()
        return any(lowered in field.either and self._is_beside(field, start, end) for field in self._spoken)

    def _is_beside(self, field: _Field, start: int, end: int) -> bool:
        last, following = _LAST.search(self._text, max(0, start - _LONGEST), start), _NEXT.match(self._text, end)
        if last is not None and (last[1].lower() in _LEADS or last[1].lower() in field.heads):
            return True
        if following is not None and following[1] in field.heads:
            return True
        return self._is_in_list(field, start, end)

    def _is_in_list(self, field: _Field, start: int, end: int) -> bool:
        """Say whether a row of things that it stands in has one of the field's that is nobody, or is said to be things as a whole."""
        before = _BEFORE.search(self._text, max(0, start - 2 * _LONGEST), start)
        behind = _BEHIND.match(self._text, end)
        last = behind.end() if behind else end
        others = _WORD.findall((before[0] if before else "") + " " + (behind[0] if behind else ""))
        if any(other.lower() in field.things or (other.islower() and other in field.either | field.heads) for other in others):
            return True
        names = [other for other in others if other[0].isupper()]
        return bool(names) and all(name.lower() in field.either for name in names) and _ARE.match(self._text, last) is not None

    def is_place(self, start: int, end: int) -> bool:
        """Say whether a town's name is not a thing's: "Dijon mustard" is no town."""
        is_thing = self._text[start:end].lower() in self.sure or self.is_likely(start, end)
        return not is_thing or _WHERE.search(self._text, max(0, start - 8), start) is not None
