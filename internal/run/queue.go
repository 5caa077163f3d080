package run

import (
	"context"
	"slices"

	"github.com/unleak-dev/unleak/internal/project"
)

// queue hands out candidates, those of a folder together: they ask for the same others. One
// that a question has had parsed comes at once, while its tree is still kept.
type queue struct {
	project *project.Project
	order   []string
	waiting map[string]bool
	asked   []string // by questions, the last one last; each was or is a candidate
}

func newQueue(p *project.Project, candidates []string) *queue {
	q := &queue{project: p, order: slices.Sorted(slices.Values(candidates)), waiting: map[string]bool{}}
	for _, rel := range q.order {
		q.waiting[rel] = true
	}
	return q
}

// send sends all of them. Each is chosen when somebody is ready to take it.
func (q *queue) send(ctx context.Context, files chan<- string) error {
	for rel, ok := q.next(); ok; rel, ok = q.next() {
		select {
		case files <- rel:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (q *queue) next() (string, bool) {
	for _, rel := range q.project.Asked() {
		if q.waiting[rel] {
			q.asked = append(q.asked, rel)
		}
	}
	for len(q.asked) > 0 {
		rel := q.asked[len(q.asked)-1]
		q.asked = q.asked[:len(q.asked)-1]
		if q.waiting[rel] && q.project.IsParsed(rel) {
			delete(q.waiting, rel)
			return rel, true
		}
	}
	for len(q.order) > 0 {
		rel := q.order[0]
		q.order = q.order[1:]
		if q.waiting[rel] {
			delete(q.waiting, rel)
			return rel, true
		}
	}
	return "", false
}
