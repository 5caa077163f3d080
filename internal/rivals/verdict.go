package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Verdict is what a reader who saw only the code found of a place.
type Verdict struct {
	Real   string // real, false or unclear
	Reason string
}

var columns = []string{"repository", "path", "line", "verdict", "reason"}

func key(repository, path string, line int) string {
	return fmt.Sprintf("%s\t%s\t%d", repository, path, line)
}

// readVerdicts reads the table of verdicts, by place.
func readVerdicts(name string) (map[string]Verdict, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := csv.NewReader(f)
	in.Comma, in.LazyQuotes, in.FieldsPerRecord = '\t', true, len(columns)
	records, err := in.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(records) == 0 || strings.Join(records[0], " ") != strings.Join(columns, " ") {
		return nil, fmt.Errorf("%s: want the columns %s", name, strings.Join(columns, ", "))
	}
	verdicts := map[string]Verdict{}
	for i, rec := range records[1:] {
		line, err := strconv.Atoi(rec[2])
		k := key(rec[0], rec[1], line)
		_, twice := verdicts[k]
		switch {
		case err != nil || line < 1:
			return nil, fmt.Errorf("%s:%d: %q is not a line", name, i+2, rec[2])
		case rec[3] != "real" && rec[3] != "false" && rec[3] != "unclear":
			return nil, fmt.Errorf("%s:%d: %q is none of real, false, unclear", name, i+2, rec[3])
		case rec[4] == "":
			return nil, fmt.Errorf("%s:%d: gives no reason", name, i+2)
		case twice:
			return nil, fmt.Errorf("%s:%d: %s:%d is judged twice", name, i+2, rec[1], line)
		}
		verdicts[k] = Verdict{rec[3], rec[4]}
	}
	return verdicts, nil
}

// judge gives every place its verdict. A place without one is an error that names
// them all. If all tools were run, so is a verdict of a place that nobody reports: it
// is a typing error, or of another commit.
func judge(places []*Place, verdicts map[string]Verdict, all bool) error {
	var missing []string
	reported := map[string]bool{}
	for _, p := range places {
		k := key(p.Repository, p.Path, p.Line)
		v, ok := verdicts[k]
		if !ok {
			missing = append(missing, fmt.Sprintf("%s\t%v", k, p.Rules))
		}
		p.Verdict, reported[k] = v, true
	}
	if len(missing) > 0 {
		return fmt.Errorf("%d places have no verdict:\n%s", len(missing), strings.Join(missing, "\n"))
	}
	for k := range verdicts {
		if all && !reported[k] {
			return fmt.Errorf("a verdict is of a place that no tool reports: %s", k)
		}
	}
	return nil
}
