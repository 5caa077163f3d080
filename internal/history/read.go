package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"strings"
)

// Not everything that people mend leaks. Readers were given the rows of a table in an order
// of chance, each with what the row says was left alive, and the code of the parent, and
// nothing else: neither the commit nor what unleak says. They judged them as those of the
// audit judge findings.

var readColumns = []string{"repository", "commit", "path", "line", "verdict", "why"}

// place is what tells a row from the others.
func (r Row) place() string {
	return fmt.Sprintf("%s %s %s:%d", r.Repository, r.Commit, r.Path, r.Line)
}

// readVerdicts returns what readers called the rows, by their places: "real" or "not".
func readVerdicts(name string) (map[string]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := csv.NewReader(f)
	in.Comma, in.LazyQuotes, in.FieldsPerRecord = '\t', true, len(readColumns)
	records, err := in.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(records) == 0 || strings.Join(records[0], " ") != strings.Join(readColumns, " ") {
		return nil, fmt.Errorf("%s: want the columns %s", name, strings.Join(readColumns, ", "))
	}
	of := map[string]string{}
	for i, rec := range records[1:] {
		place := fmt.Sprintf("%s %s %s:%s", rec[0], rec[1], rec[2], rec[3])
		switch verdict := rec[4]; {
		case verdict != "real" && verdict != "not":
			return nil, fmt.Errorf("%s:%d: want real or not, got %q", name, i+2, verdict)
		case rec[5] == "":
			return nil, fmt.Errorf("%s:%d: says not why", name, i+2)
		case of[place] != "":
			return nil, fmt.Errorf("%s:%d: %s stands there twice", name, i+2, place)
		default:
			of[place] = verdict
		}
	}
	return of, nil
}
