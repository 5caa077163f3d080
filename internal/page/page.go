// Package page writes a preview of fixes as one HTML page that loads nothing.
package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"path"

	"github.com/unleak-dev/unleak/internal/diffview"
	"github.com/unleak-dev/unleak/internal/report"
)

//go:embed page.html
var document string

//go:embed page.css
var style string

//go:embed diff.js
var diffScript string

//go:embed page.js
var pageScript string

// Write writes the page. Everything that comes out of the source is data in it, which
// its script writes as text only; a policy in the page forbids any other script and any request.
func Write(w io.Writer, p *report.Preview) error {
	t, err := template.New("page").Parse(document)
	if err != nil {
		return fmt.Errorf("page.html: %w", err)
	}
	script := diffScript + pageScript
	return t.Execute(w, map[string]any{
		"Title": "unleak: " + diffview.Visible(path.Base(p.Root)),
		"Policy": fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; img-src data:; base-uri 'none'; form-action 'none'",
			digest(style), digest(script)),
		"Style":  template.CSS(style),
		"Script": template.JS(script),
		"Data":   newData(p),
	})
}

// digest names a text in a content security policy.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
