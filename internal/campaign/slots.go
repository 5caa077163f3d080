package campaign

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// slots are the pull requests that count for the campaign's limits, by repository
// and branch: those that were allowed and may be open, and those of the last hour.
// They are no more than the limits.
type slots struct {
	Open   map[string]slot  `json:"open,omitempty"`
	Made   map[string]int64 `json:"made,omitempty"` // when it was allowed, in milliseconds
	Looked int64            `json:"looked,omitempty"`
}

// slot is a pull request that was allowed.
type slot struct {
	Repo   string `json:"repo"`
	Number int    `json:"number,omitempty"` // 0: it is not there yet
}

// openSlot asks for a pull request: "" is yes. Asked again for the same one the
// answer stays yes.
func (c *Campaign) openSlot(ctx context.Context, conf Config, id, branch string) (string, error) {
	if conf.Open == 0 && conf.Hour == 0 {
		return "", nil
	}
	key, reason := id+" "+branch, ""
	_, err := change(ctx, c.kv, slotsKey, func(s *slots) (bool, error) {
		reason = ""
		now := time.Now().UnixMilli()
		for k, at := range s.Made {
			if at <= now-time.Hour.Milliseconds() {
				delete(s.Made, k)
			}
		}
		_, open := s.Open[key]
		_, made := s.Made[key]
		open, made = open || conf.Open == 0, made || conf.Hour == 0
		switch {
		case open && made:
			return false, nil
		case !open && len(s.Open) >= conf.Open:
			reason = fmt.Sprintf("%d pull requests of the campaign are open, and no more are wanted: it goes on when some are merged or closed", len(s.Open))
			return false, nil
		case !made && len(s.Made) >= conf.Hour:
			reason = fmt.Sprintf("%d pull requests of the campaign were made within the last hour, and no more are wanted", len(s.Made))
			return false, nil
		}
		if conf.Open > 0 {
			if s.Open == nil {
				s.Open = map[string]slot{}
			}
			if _, there := s.Open[key]; !there {
				s.Open[key] = slot{Repo: id}
			}
		}
		if conf.Hour > 0 {
			if s.Made == nil {
				s.Made = map[string]int64{}
			}
			s.Made[key] = now
		}
		return true, nil
	})
	return reason, err
}

// settleSlots gives back what a job was allowed and did not use, and remembers what
// it did.
func (c *Campaign) settleSlots(ctx context.Context, conf Config, e *Entry, asked []string) error {
	if conf.Open == 0 && conf.Hour == 0 || len(asked) == 0 {
		return nil
	}
	_, err := change(ctx, c.kv, slotsKey, func(s *slots) (bool, error) {
		for _, branch := range asked {
			key, number := e.ID+" "+branch, 0
			for _, p := range e.Parts {
				if p.Branch == branch {
					number = p.Number
				}
			}
			if number == 0 {
				delete(s.Open, key)
				delete(s.Made, key)
			} else if o, ok := s.Open[key]; ok {
				o.Number = number
				s.Open[key] = o
			}
		}
		return true, nil
	})
	return err
}

// full reports whether no further pull request is wanted now.
func (c *Campaign) full(ctx context.Context, conf Config) (bool, error) {
	if conf.Open == 0 && conf.Hour == 0 {
		return false, nil
	}
	var s slots
	if _, _, err := get(ctx, c.kv, slotsKey, &s); err != nil {
		return false, err
	}
	hour := 0
	for _, at := range s.Made {
		if at > time.Now().Add(-time.Hour).UnixMilli() {
			hour++
		}
	}
	return conf.Open > 0 && len(s.Open) >= conf.Open || conf.Hour > 0 && hour >= conf.Hour, nil
}

// lookAgain asks, at most once in a while for all workers together, what became of
// the pull requests that hold the slots, and frees those that are not open any more.
func (c *Campaign) lookAgain(ctx context.Context, every time.Duration, standing func(ctx context.Context, e *Entry, number int) (string, error)) error {
	mine := false
	s, err := change(ctx, c.kv, slotsKey, func(s *slots) (bool, error) {
		now := time.Now().UnixMilli()
		mine = s.Looked <= now-every.Milliseconds()
		s.Looked = now
		return mine, nil
	})
	if err != nil || !mine {
		return err
	}
	var gone []string
	for key, o := range s.Open {
		if o.Number == 0 {
			continue
		}
		is := ""
		if _, err := c.changeEntry(ctx, o.Repo, func(e *Entry) (bool, error) {
			var err error
			if is, err = standing(ctx, e, o.Number); err != nil {
				return false, err
			}
			return e.stand(o.Number, is), nil
		}); err != nil {
			return err
		}
		if is != standingOpen {
			gone = append(gone, key)
		}
	}
	_, err = change(ctx, c.kv, slotsKey, func(s *slots) (bool, error) {
		before := len(s.Open)
		for key := range s.Open {
			if slices.Contains(gone, key) {
				delete(s.Open, key)
			}
		}
		return len(s.Open) != before, nil
	})
	return err
}
