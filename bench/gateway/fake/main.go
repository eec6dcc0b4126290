// Command fake is a model server without a model: it answers as Ollama does, as fast as it can, so that what is measured is the way there.
//
// A request's max_tokens says how many events are streamed, its seed how many microseconds lie between them. Every event carries the time at
// which it was written. With -quote the answer is the last message over and over, in pieces of four characters where it is streamed, and GET /seen
// gives the last bodies that came: what a gateway puts in for personal data has a way back, and what it lets through shows.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"sync"
	"time"
)

const digest = "a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6"

type request struct {
	Model     string `json:"model"`
	Stream    bool   `json:"stream"`
	MaxTokens int    `json:"max_tokens"`
	Seed      int    `json:"seed"` // microseconds between tokens
	Messages  []struct {
		Content string `json:"content"`
	} `json:"messages"`
}

const (
	remembered = 256 // bodies
	piece      = 4   // characters of a token
)

// last keeps the bodies that came last.
type last struct {
	lock   sync.Mutex
	bodies [remembered]string
	count  int
}

func (l *last) keep(body []byte) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.bodies[l.count%remembered] = string(body)
	l.count++
}

// tell writes them as a JSON array and forgets them.
func (l *last) tell(w http.ResponseWriter, _ *http.Request) {
	l.lock.Lock()
	defer l.lock.Unlock()
	_ = json.NewEncoder(w).Encode(l.bodies[:min(l.count, remembered)])
	l.count = 0
}

func main() {
	address := flag.String("listen", "127.0.0.1:11434", "address")
	quote := flag.Bool("quote", false, "answer with what was asked, and keep the last bodies for GET /seen")
	flag.Parse()
	text := strings.Repeat("lorem ipsum ", 70) // an answer of 1 KB
	constantWhole := []byte(whole(text))
	constantTokens := []string{`" lorem"`}
	seen := &last{}
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
		body, err := io.ReadAll(r.Body)
		if err != nil || json.Unmarshal(body, &asked) != nil || *quote && len(asked.Messages) == 0 {
			http.Error(w, `{"error":"bad"}`, http.StatusBadRequest)
			return
		}
		answer, tokens := constantWhole, constantTokens
		if *quote {
			seen.keep(body)
			said := asked.Messages[len(asked.Messages)-1].Content
			if asked.Stream {
				tokens = cut(said)
			} else {
				answer = []byte(whole(said))
			}
		}
		if !asked.Stream {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			_, _ = w.Write(answer)
			return
		}
		stream(w, r, asked, tokens)
	})
	http.HandleFunc("GET /seen", seen.tell)
	log.Fatal(http.ListenAndServe(*address, nil))
}

func whole(text string) string {
	return fmt.Sprintf(`{"id":"chatcmpl-1","object":"chat.completion","created":1795562051,"model":"tiny:1b","system_fingerprint":"fp","choices":[{"index":0,"message":{"role":"assistant","content":%s},"finish_reason":"stop"}],"usage":{"prompt_tokens":400,"completion_tokens":140,"total_tokens":540}}`, quoted(text))
}

func quoted(text string) string {
	written, _ := json.Marshal(text)
	return string(written)
}

// cut returns the text's tokens, each as JSON.
func cut(text string) []string {
	var tokens []string
	letters := []rune(text)
	for at := 0; at < len(letters); at += piece {
		tokens = append(tokens, quoted(string(letters[at:min(len(letters), at+piece)])))
	}
	return tokens
}

func stream(w http.ResponseWriter, r *http.Request, asked request, tokens []string) {
	w.Header().Set("Content-Type", "text/event-stream")
	flusher := w.(http.Flusher)
	pause := time.Duration(asked.Seed) * time.Microsecond
	next := time.Now()
	for number := range asked.MaxTokens {
		if pause > 0 {
			next = next.Add(pause)
			time.Sleep(time.Until(next))
		}
		_, err := fmt.Fprintf(w, `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1795562051,"model":"tiny:1b","system_fingerprint":"fp","at":%019d,"choices":[{"index":0,"delta":{"role":"assistant","content":%s},"finish_reason":null}]}`+"\n\n", time.Now().UnixNano(), tokens[number%len(tokens)])
		if err != nil || r.Context().Err() != nil {
			return
		}
		flusher.Flush()
	}
	_, _ = w.Write([]byte("data: [DONE]\n\n"))
}
