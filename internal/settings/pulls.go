package settings

// PullRequests says what `unleak pr` proposes. Empty fields stand for the defaults
// that the commented file shows.
type PullRequests struct {
	Base          string   `yaml:"base"`
	Remote        string   `yaml:"remote"`
	Phases        []string `yaml:"phases"`
	Unsafe        bool     `yaml:"unsafe"`
	Commits       string   `yaml:"commits"` // fix, package
	Split         string   `yaml:"split"`   // none, package, owner
	MaxFiles      int      `yaml:"max-files"`
	Prefix        string   `yaml:"prefix"`
	Scope         string   `yaml:"scope"`
	Via           string   `yaml:"via"` // push, api
	Draft         bool     `yaml:"draft"`
	AutoMerge     bool     `yaml:"auto-merge"`
	Labels        []string `yaml:"labels"`
	MissingLabels string   `yaml:"missing-labels"` // create, leave-out
	Reviewers     []string `yaml:"reviewers"`
	TeamReviewers []string `yaml:"team-reviewers"`
	Assignees     []string `yaml:"assignees"`
	Milestone     string   `yaml:"milestone"`
	Author        string   `yaml:"author"` // Name <address>
	SignOff       bool     `yaml:"sign-off"`
	Sign          bool     `yaml:"sign"`
	Limits        Limits   `yaml:"limits"`
}

// Limits bound what is asked of people and machines; 0 is no limit.
type Limits struct {
	Open    int `yaml:"open"`
	PerHour int `yaml:"per-hour"`
}
