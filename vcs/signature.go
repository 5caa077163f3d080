package vcs

// Signature returns the armored signature of a commit, "" if it has none.
func (r *Repository) Signature(commit Hash) (string, error) {
	h, err := parseHash(commit)
	if err != nil {
		return "", err
	}
	c, err := r.commit(h)
	if err != nil {
		return "", err
	}
	return c.PGPSignature, nil
}
