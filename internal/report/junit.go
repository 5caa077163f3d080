package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"

	"github.com/unleak-dev/unleak/transforms"
)

// JUnit writes the findings as failed tests, a suite for each package, for what shows
// tests and knows nothing else. Offers are skipped ones. Without findings there is
// one test, which passed.
func JUnit(w io.Writer, d *Document) error {
	suites := map[string]*junitSuite{}
	var names []string
	for i := range d.Findings {
		f := &d.Findings[i]
		name := f.Package
		if name == "" {
			name = "unleak"
		}
		s := suites[name]
		if s == nil {
			s = &junitSuite{Name: name}
			suites[name] = s
			names = append(names, name)
		}
		c := junitCase{Class: f.Path, Name: fmt.Sprintf("%s in line %d", f.Kind, f.Line), File: f.Path, Line: f.Line}
		text := fmt.Sprintf("%s:%d:%d\n%s", f.Path, f.Line, f.Column, f.advice())
		if s.Tests++; f.Standing == transforms.Offer {
			s.Skipped++
			c.Skipped = &junitSkipped{f.Message}
		} else {
			s.Failures++
			c.Failure = &junitFailure{f.Message, f.Kind, text}
		}
		s.Cases = append(s.Cases, c)
	}
	all := junitSuites{Name: "unleak", Time: fmt.Sprintf("%.3f", d.Summary.Seconds)}
	slices.Sort(names)
	for _, n := range names {
		all.Tests += suites[n].Tests
		all.Failures += suites[n].Failures
		all.Suites = append(all.Suites, *suites[n])
	}
	if len(names) == 0 {
		all.Tests = 1
		all.Suites = []junitSuite{{Name: "unleak", Tests: 1, Cases: []junitCase{{Class: "unleak", Name: "nothing leaks"}}}}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitFailure `xml:"failure"`
	Skipped *junitSkipped `xml:"skipped"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

type junitSkipped struct {
	Message string `xml:"message,attr"`
}
