package forge

// ComposeComment marks a comment as one of a kind, by which CommentKind knows it
// again. It fails for a text that is too long.
func ComposeComment(text, kind string) (string, error) { return composeComment(text, kind) }

// CommentKind is what a comment is marked as, "" if it is no comment of ours.
func CommentKind(body string) string { return commentKind(body) }
