// Command load asks and measures: `load -mode answers` for whole answers, `-mode stream` for streams, `-mode stall` for a client that asks for a
// stream and never reads it. It prints one line of JSON.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

var (
	target  = flag.String("url", "", "https://host:port")
	key     = flag.String("key", "", "API key")
	mode    = flag.String("mode", "answers", "answers, stream or stall")
	clients = flag.Int("clients", 1, "how many ask at once")
	seconds = flag.Float64("seconds", 3, "for how long")
	tokens  = flag.Int("tokens", 200, "length of a stream")
	pause   = flag.Int("pause", 0, "microseconds between the tokens of a stream")
	prompt  = strings.Repeat("Tell me about private assistants. ", 60) // 2 KB
)

func main() {
	flag.Parse()
	transport := &http.Transport{MaxIdleConnsPerHost: *clients, DisableCompression: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	client := &http.Client{Transport: transport}
	body, _ := json.Marshal(map[string]any{"model": "tiny:1b", "messages": []map[string]string{{"role": "user", "content": prompt}},
		"stream": *mode != "answers", "max_tokens": *tokens, "seed": *pause})
	switch *mode {
	case "answers":
		answers(client, body)
	case "stream":
		streams(client, body)
	case "stall":
		answer := ask(client, body)
		_, _ = io.ReadFull(answer.Body, make([]byte, 1))
		fmt.Println("{}")
		time.Sleep(time.Duration(*seconds * float64(time.Second)))
	}
}

func ask(client *http.Client, body []byte) *http.Response {
	request, _ := http.NewRequest("POST", *target+"/v1/chat/completions", bytes.NewReader(body))
	request.Header.Set("Authorization", "Bearer "+*key)
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	if answer.StatusCode != 200 {
		said, _ := io.ReadAll(answer.Body)
		log.Fatal(answer.Status, string(said))
	}
	return answer
}

func answers(client *http.Client, body []byte) {
	var all []float64
	var lock sync.Mutex
	var group sync.WaitGroup
	for range *clients { // connections are made before the clock runs
		group.Go(func() { drain(ask(client, body)) })
	}
	group.Wait()
	began := time.Now()
	ends := began.Add(time.Duration(*seconds * float64(time.Second)))
	for range *clients {
		group.Go(func() {
			var mine []float64
			for time.Now().Before(ends) {
				start := time.Now()
				drain(ask(client, body))
				mine = append(mine, micros(time.Since(start)))
			}
			lock.Lock()
			all = append(all, mine...)
			lock.Unlock()
		})
	}
	group.Wait()
	report(map[string]any{"requests": len(all), "rps": float64(len(all)) / time.Since(began).Seconds(), "p50_us": quantile(all, 0.5), "p99_us": quantile(all, 0.99)})
}

func streams(client *http.Client, body []byte) {
	var firsts, lags []float64
	count := 0
	drain(ask(client, body))
	began := time.Now()
	for time.Since(began).Seconds() < *seconds {
		start := time.Now()
		answer := ask(client, body)
		reader := bufio.NewReaderSize(answer.Body, 1<<16)
		first := true
		for {
			line, err := reader.ReadSlice('\n')
			if err != nil {
				break
			}
			at := bytes.Index(line, []byte(`"at":`))
			if at < 0 {
				continue
			}
			now := time.Now()
			if first {
				firsts = append(firsts, micros(now.Sub(start)))
				first = false
			}
			sent, _ := strconv.ParseInt(string(bytes.TrimLeft(line[at+5:at+24], "0")), 10, 64)
			lags = append(lags, float64(now.UnixNano()-sent)/1000)
			count++
		}
		answer.Body.Close()
	}
	took := time.Since(began).Seconds()
	report(map[string]any{"tokens": count, "tokens_per_s": float64(count) / took, "first_p50_us": quantile(firsts, 0.5), "token_lag_p50_us": quantile(lags, 0.5),
		"token_lag_p99_us": quantile(lags, 0.99), "streams": len(firsts)})
}

func drain(answer *http.Response) {
	_, _ = io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[min(len(values)-1, int(q*float64(len(values))))]
}

func report(values map[string]any) {
	_ = json.NewEncoder(os.Stdout).Encode(values)
}
