// Command load asks and measures: `load -mode answers` for whole answers, `-mode stream` for streams, `-mode stall` for a client that asks for a
// stream and never reads it. With -prompts each request is the next of them, the model server is expected to quote it, and answers are compared with
// what was asked. It prints one line of JSON.
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
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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
	file    = flag.String("prompts", "", "file with prompts, a JSON array of texts")

	prompts         = []string{strings.Repeat("Tell me about private assistants. ", 60)} // 2 KB
	bodies          [][]byte
	next            atomic.Int64 // the prompt whose turn it is
	compared, wrong atomic.Int64
)

const (
	comparedEvery = 8  // whole answers; of streams all are
	cutShort      = 64 // characters at a stream's end in which a value may have been cut
)

func main() {
	flag.Parse()
	transport := &http.Transport{MaxIdleConnsPerHost: *clients, DisableCompression: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	client := &http.Client{Transport: transport}
	if *file != "" {
		read, err := os.ReadFile(*file)
		if err != nil || json.Unmarshal(read, &prompts) != nil {
			log.Fatal("no prompts in ", *file)
		}
		next.Store(rand.Int64N(int64(len(prompts))))
	}
	for _, prompt := range prompts {
		body, _ := json.Marshal(map[string]any{"model": "tiny:1b", "messages": []map[string]string{{"role": "user", "content": prompt}},
			"stream": *mode != "answers", "max_tokens": *tokens, "seed": *pause})
		bodies = append(bodies, body)
	}
	switch *mode {
	case "answers":
		answers(client)
	case "stream":
		streams(client)
	case "stall":
		answer, _ := ask(client)
		_, _ = io.ReadFull(answer.Body, make([]byte, 1))
		fmt.Println("{}")
		time.Sleep(time.Duration(*seconds * float64(time.Second)))
	}
}

// ask sends the next prompt and returns its number with the answer.
func ask(client *http.Client) (*http.Response, int) {
	number := int(next.Add(1)) % len(prompts)
	request, _ := http.NewRequest("POST", *target+"/v1/chat/completions", bytes.NewReader(bodies[number]))
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
	return answer, number
}

// compare says whether the client was given its own words back.
func compare(said, asked string) {
	compared.Add(1)
	if said != asked {
		wrong.Add(1)
	}
}

func compareWhole(body []byte, asked string) {
	var answer struct {
		Choices []struct{ Message struct{ Content string } }
	}
	if json.Unmarshal(body, &answer) != nil || len(answer.Choices) != 1 {
		log.Fatal("no answer: ", string(body))
	}
	compare(answer.Choices[0].Message.Content, asked)
}

func compareStream(said, asked string) {
	sure := []rune(said)
	if len(sure) <= cutShort {
		log.Fatal("hardly any text in a stream")
	}
	sure = sure[:len(sure)-cutShort]
	repeated := []rune(strings.Repeat(asked, len(sure)/max(1, len([]rune(asked)))+1))
	compare(string(sure), string(repeated[:len(sure)]))
}

func answers(client *http.Client) {
	var all []float64
	var lock sync.Mutex
	var group sync.WaitGroup
	for range *clients { // connections are made before the clock runs
		group.Go(func() { once(client) })
	}
	group.Wait()
	began := time.Now()
	ends := began.Add(time.Duration(*seconds * float64(time.Second)))
	for range *clients {
		group.Go(func() {
			var mine []float64
			for time.Now().Before(ends) {
				start := time.Now()
				said, number := once(client)
				mine = append(mine, micros(time.Since(start)))
				if *file != "" && len(mine)%comparedEvery == 1 {
					compareWhole(said, prompts[number])
				}
			}
			lock.Lock()
			all = append(all, mine...)
			lock.Unlock()
		})
	}
	group.Wait()
	report(map[string]any{"requests": len(all), "rps": float64(len(all)) / time.Since(began).Seconds(), "p50_us": quantile(all, 0.5), "p99_us": quantile(all, 0.99)})
}

// A reader's times of one stream's events. Text is what a reader sees: an event whose text is held back by a gateway has none.
type times struct{ firsts, firstTexts, gaps, textGaps, lags []float64 }

func streams(client *http.Client) {
	var seen times
	count := 0
	once(client)
	began := time.Now()
	for time.Since(began).Seconds() < *seconds {
		start := time.Now()
		answer, number := ask(client)
		said := seen.read(answer.Body, start, &count)
		answer.Body.Close()
		if *file != "" {
			compareStream(said, prompts[number])
		}
	}
	took := time.Since(began).Seconds()
	found := map[string]any{"tokens": count, "tokens_per_s": float64(count) / took, "first_p50_us": quantile(seen.firsts, 0.5),
		"token_lag_p50_us": quantile(seen.lags, 0.5), "token_lag_p99_us": quantile(seen.lags, 0.99), "streams": len(seen.firsts)}
	if *file != "" {
		found["first_p99_us"] = quantile(seen.firsts, 0.99)
		found["first_text_p50_us"] = quantile(seen.firstTexts, 0.5)
		found["gap_p50_us"], found["gap_p99_us"] = quantile(seen.gaps, 0.5), quantile(seen.gaps, 0.99)
		found["text_gap_p50_us"], found["text_gap_p99_us"] = quantile(seen.textGaps, 0.5), quantile(seen.textGaps, 0.99)
	}
	report(found)
}

// read returns what a stream said, if anybody wants to compare it.
func (t *times) read(body io.Reader, start time.Time, count *int) string {
	var said strings.Builder
	reader := bufio.NewReaderSize(body, 1<<16)
	var last, lastText time.Time
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return said.String()
		}
		now := time.Now()
		text := ""
		if *file != "" {
			text = content(line)
			said.WriteString(text)
		}
		if text != "" {
			t.firstTexts, t.textGaps, lastText = spaced(t.firstTexts, t.textGaps, start, lastText, now)
		}
		at := bytes.Index(line, []byte(`"at":`))
		if at < 0 {
			continue
		}
		t.firsts, t.gaps, last = spaced(t.firsts, t.gaps, start, last, now)
		sent, _ := strconv.ParseInt(string(bytes.TrimLeft(line[at+5:at+24], "0")), 10, 64)
		t.lags = append(t.lags, float64(now.UnixNano()-sent)/1000)
		*count++
	}
}

// spaced notes the time since the last event, or since the beginning.
func spaced(firsts, gaps []float64, start, last, now time.Time) ([]float64, []float64, time.Time) {
	if last.IsZero() {
		return append(firsts, micros(now.Sub(start))), gaps, now
	}
	return firsts, append(gaps, micros(now.Sub(last))), now
}

// content returns the text of a stream's event.
func content(line []byte) string {
	var event struct {
		Choices []struct{ Delta struct{ Content string } }
	}
	if !bytes.HasPrefix(line, []byte("data: {")) || json.Unmarshal(line[6:], &event) != nil || len(event.Choices) != 1 {
		return ""
	}
	return event.Choices[0].Delta.Content
}

// once returns a whole answer and the number of the prompt.
func once(client *http.Client) ([]byte, int) {
	answer, number := ask(client)
	defer answer.Body.Close()
	said, _ := io.ReadAll(answer.Body)
	return said, number
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
	if *file != "" {
		values["compared"], values["wrong"] = compared.Load(), wrong.Load()
	}
	_ = json.NewEncoder(os.Stdout).Encode(values)
}
