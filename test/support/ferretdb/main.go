// Command ferretdb serves the MongoDB wire protocol from a SQLite directory, for the data-access tests.
//
// build.ts builds it once and start.ts starts it with one argument, a directory of its own:
// FerretDB listens on a free port of 127.0.0.1, prints its URI as the only line on stdout, and ends when its
// stdin closes, which also happens when the process that started it dies.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if len(os.Args) != 2 {
		fail("usage: ferretdb DIRECTORY")
	}

	directory, err := filepath.Abs(os.Args[1])
	if err != nil {
		fail(err)
	}

	// FerretDB wants a directory URI that ends in a slash.
	location := url.URL{Scheme: "file", Path: filepath.ToSlash(directory) + "/"}

	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:0"},
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:   "sqlite",
		SQLiteURL: location.String(),
	})
	if err != nil {
		fail(err)
	}

	ctx, stop := context.WithCancel(context.Background())

	go func() {
		// Nobody writes to stdin: a read returns when the other end is closed.
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()

	stopped := make(chan error, 1)
	go func() { stopped <- server.Run(ctx) }()

	// Blocks until Run has bound the listener.
	fmt.Println(server.MongoDBURI())

	if err := <-stopped; err != nil {
		fail(err)
	}
}

func fail(reason any) {
	fmt.Fprintln(os.Stderr, reason)
	os.Exit(1)
}
