// Command fake is a model server without a model: it answers as Ollama does, as fast as it can, so that what is measured is the way there.
//
// A request's max_tokens says how many events are streamed, its seed how many microseconds lie between them. Every event carries the time at
// which it was written.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"
)

const digest = "a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6"

type request struct {
	Model     string `json:"model"`
	Stream    bool   `json:"stream"`
	MaxTokens int    `json:"max_tokens"`
	Seed      int    `json:"seed"` // microseconds between tokens
}

func main() {
	address := flag.String("listen", "127.0.0.1:11434", "address")
	flag.Parse()
	text := strings.Repeat("lorem ipsum ", 70) // an answer of 1 KB
	whole := []byte(fmt.Sprintf(`{"id":"chatcmpl-1","object":"chat.completion","created":1795562051,"model":"tiny:1b","system_fingerprint":"fp","choices":[{"index":0,"message":{"role":"assistant","content":"%s"},"finish_reason":"stop"}],"usage":{"prompt_tokens":400,"completion_tokens":140,"total_tokens":540}}`, text))
	constant := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			_, _ = w.Write([]byte(body))
		}
	}
	http.HandleFunc("/api/version", constant(`{"version":"0.24.0"}`))
	http.HandleFunc("/api/status", constant(`{"cloud":{"disabled":true,"source":"env"}}`))
	http.HandleFunc("/api/tags", constant(`{"models":[{"name":"tiny:1b","model":"tiny:1b","digest":"`+digest+`"}]}`))
	http.HandleFunc("/api/generate", constant(`{"model":"tiny:1b","response":"","done":true}`))
	http.HandleFunc("/v1/chat/completions", func(w http.ResponseWriter, r *http.Request) {
		var asked request
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			http.Error(w, `{"error":"bad"}`, http.StatusBadRequest)
			return
		}
		if !asked.Stream {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			_, _ = w.Write(whole)
			return
		}
		stream(w, r, asked)
	})
	log.Fatal(http.ListenAndServe(*address, nil))
}

func stream(w http.ResponseWriter, r *http.Request, asked request) {
	w.Header().Set("Content-Type", "text/event-stream")
	flusher := w.(http.Flusher)
	pause := time.Duration(asked.Seed) * time.Microsecond
	next := time.Now()
	for range asked.MaxTokens {
		if pause > 0 {
			next = next.Add(pause)
			time.Sleep(time.Until(next))
		}
		_, err := fmt.Fprintf(w, `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1795562051,"model":"tiny:1b","system_fingerprint":"fp","at":%019d,"choices":[{"index":0,"delta":{"role":"assistant","content":" lorem"},"finish_reason":null}]}`+"\n\n", time.Now().UnixNano())
		if err != nil || r.Context().Err() != nil {
			return
		}
		flusher.Flush()
	}
	_, _ = w.Write([]byte("data: [DONE]\n\n"))
}
