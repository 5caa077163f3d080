package main

import "fmt"

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
	records, err := readTable(name, readColumns)
	if err != nil {
		return nil, err
	}
	of := map[string]string{}
	for i, rec := range records {
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
