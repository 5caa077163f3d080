// Package bot answers GitHub's webhooks as a GitHub App: on a push to the default
// branch it reconciles the repository, a pull request gets a comment about what it
// adds that leaks, and people with the right to write can tell it things. What an
// event asks for is kept in a queue before the event is answered, and done then, as
// often as it takes.
package bot
