// Command proxy is what one would write in Go in an afternoon, with the same work for each request as the gateway: TLS 1.3, the key's digest
// compared with every key's, the body decoded, checked and encoded anew, and one line of JSON when it is done. Nothing else of the gateway is here.
package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/json"
	"flag"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

type counting struct {
	http.ResponseWriter
	bytes, status int
}

func (c *counting) Write(data []byte) (int, error) {
	n, err := c.ResponseWriter.Write(data)
	c.bytes += n
	return n, err
}

func (c *counting) WriteHeader(status int)      { c.status = status; c.ResponseWriter.WriteHeader(status) }
func (c *counting) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func main() {
	listen := flag.String("listen", "127.0.0.1:8443", "address")
	upstream := flag.String("upstream", "http://127.0.0.1:11434", "model server")
	folder := flag.String("tls", "", "folder with tls.crt and tls.key")
	key := flag.String("key", "", "API key")
	flag.Parse()
	target, err := url.Parse(*upstream)
	if err != nil {
		log.Fatal(err)
	}
	keys := [][32]byte{sha256.Sum256([]byte("another")), sha256.Sum256([]byte(*key))}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}
	proxy.FlushInterval = -1
	out := json.NewEncoder(os.Stdout)
	handler := func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		presented := sha256.Sum256([]byte(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")))
		known := 0
		for _, digest := range keys {
			known |= subtle.ConstantTimeCompare(digest[:], presented[:])
		}
		if known == 0 {
			http.Error(w, `{"error":{"code":"wrong_key"}}`, http.StatusUnauthorized)
			return
		}
		raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 8<<20))
		if err != nil {
			http.Error(w, `{"error":{"code":"body_too_large"}}`, http.StatusRequestEntityTooLarge)
			return
		}
		var body map[string]any
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.UseNumber()
		if decoder.Decode(&body) != nil || body["model"] != "tiny:1b" {
			http.Error(w, `{"error":{"code":"invalid_json"}}`, http.StatusBadRequest)
			return
		}
		if limit, ok := body["max_tokens"].(json.Number); !ok || limit.String() == "0" {
			body["max_tokens"] = 1 << 20
		}
		delete(body, "keep_alive")
		encoded, _ := json.Marshal(body)
		r.Body = io.NopCloser(bytes.NewReader(encoded))
		r.ContentLength = int64(len(encoded))
		r.Header = http.Header{"Content-Type": {"application/json"}, "Content-Length": {strconv.Itoa(len(encoded))}}
		counted := &counting{ResponseWriter: w, status: 200}
		proxy.ServeHTTP(counted, r)
		_ = out.Encode(map[string]any{"record": "request", "time": began.UTC(), "key": "bench", "route": r.URL.Path, "status": counted.status,
			"request_bytes": len(raw), "response_bytes": counted.bytes, "duration_ms": time.Since(began).Seconds() * 1000})
	}
	server := &http.Server{Addr: *listen, Handler: http.HandlerFunc(handler), TLSConfig: &tls.Config{MinVersion: tls.VersionTLS13},
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}}
	log.Fatal(server.ListenAndServeTLS(*folder+"/tls.crt", *folder+"/tls.key"))
}
