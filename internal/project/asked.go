package project

import "sync"

// asked remembers which file asked where an import leads: every question that one
// file has about another begins so.
type asked struct {
	mu sync.Mutex
	by map[string]map[string]bool // a file -> those that asked for it
}

func (a *asked) add(from, to string) {
	if a == nil || to == "" {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.by[to] == nil {
		a.by[to] = map[string]bool{}
	}
	a.by[to][from] = true
}

// RememberAsked lets the project remember from now on which file asks for which, for
// Dependents. It is to be called before the project is used, and takes memory for
// each pair.
func (p *Project) RememberAsked() { p.asked = &asked{by: map[string]map[string]bool{}} }

// Dependents are the files whose analysis has looked at one of the given files,
// itself or through others, and those files themselves. What was found in any other
// file stays as it is when the given ones change, and none comes or goes. It needs
// RememberAsked, and an analysis of all files since.
func (p *Project) Dependents(files []string) map[string]bool {
	p.asked.mu.Lock()
	defer p.asked.mu.Unlock()
	out := map[string]bool{}
	todo := append([]string(nil), files...)
	for len(todo) > 0 {
		f := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if out[f] {
			continue
		}
		out[f] = true
		for by := range p.asked.by[f] {
			todo = append(todo, by)
		}
	}
	return out
}

// Again is With for a project that goes on: what p remembers of who asked for which
// is remembered by both, and added to by both.
func (p *Project) Again(contents map[string][]byte) *Project {
	q := p.With(contents)
	q.asked = p.asked
	return q
}
