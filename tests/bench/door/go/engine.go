package main

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

var completion = `{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"` +
	strings.Repeat("the quick brown fox jumps over the lazy dog", 8) +
	`"},"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":9,"total_tokens":21}}`

const chunk = `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":" token"},"finish_reason":null}]}` + "\n\n"

const end = `data: {"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":500,"total_tokens":512}}` + "\n\ndata: [DONE]\n\n"

// Headers of a request that choose its answer.
const (
	chunksHeader = "X-Chunks"
	gapHeader    = "X-Gap-Microseconds"
)

// answer sends one JSON object, or as many SSE chunks as the request's headers ask for.
func answer(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	chunks, _ := strconv.Atoi(r.Header.Get(chunksHeader))
	if chunks == 0 {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(completion)))
		io.WriteString(w, completion)
		return
	}
	gap, _ := strconv.Atoi(r.Header.Get(gapHeader))
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	next := time.Now()
	for i := 0; i < chunks && r.Context().Err() == nil; i++ {
		next = next.Add(time.Duration(gap) * time.Microsecond)
		time.Sleep(time.Until(next))
		io.WriteString(w, chunk)
		w.(http.Flusher).Flush()
	}
	io.WriteString(w, end)
}
