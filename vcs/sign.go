package vcs

import (
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// SSHSigner signs with the private key in a file, or, for the file of a public key
// or of a private key with a passphrase, with what the agent holds of it. Who
// verifies needs the public key: git calls it gpg.format=ssh.
func SSHSigner(keyFile string) (Signer, error) {
	private, public, err := readKey(keyFile)
	if err != nil {
		return nil, err
	}
	if private != nil {
		return fileSigner{private}, nil
	}
	return agentSigner{public, keyFile}, nil
}

// readKey reads a private key, or, if the file has only that to give, a public one.
// No error tells what is in the file.
func readKey(file string) (ssh.Signer, ssh.PublicKey, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	private, err := ssh.ParsePrivateKey(data)
	if err == nil {
		return private, private.PublicKey(), nil
	}
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		if locked.PublicKey != nil {
			return nil, locked.PublicKey, nil
		}
		data, _ = os.ReadFile(file + ".pub") // an old format, that has its public key elsewhere
	}
	if public, _, _, _, err := ssh.ParseAuthorizedKey(data); err == nil {
		return nil, public, nil
	}
	if locked != nil {
		return nil, nil, fmt.Errorf("the key %s has a passphrase and no public key beside it: let the ssh agent have it, and name the public key", file)
	}
	return nil, nil, fmt.Errorf("%s is no key of ssh that is understood", file)
}

type fileSigner struct{ key ssh.Signer }

func (s fileSigner) Sign(payload []byte) (string, error) { return signSSH(s.key, payload) }

type agentSigner struct {
	key  ssh.PublicKey
	file string
}

func (s agentSigner) Sign(payload []byte) (string, error) {
	conn, err := dialAgent()
	if err != nil {
		return "", fmt.Errorf("the private key of %s is needed from the ssh agent: %w", s.file, err)
	}
	defer conn.Close()
	signers, err := agent.NewClient(conn).Signers()
	if err != nil {
		return "", fmt.Errorf("the ssh agent: %w", err)
	}
	for _, signer := range signers {
		if string(signer.PublicKey().Marshal()) == string(s.key.Marshal()) {
			return signSSH(signer, payload)
		}
	}
	return "", fmt.Errorf("the ssh agent does not hold the private key of %s: ssh-add helps", s.file)
}

func dialAgent() (net.Conn, error) {
	socket := os.Getenv("SSH_AUTH_SOCK")
	if socket == "" {
		return nil, errors.New("no ssh agent runs, SSH_AUTH_SOCK is not set")
	}
	return net.Dial("unix", socket)
}

// signSSH makes the signature that ssh-keygen -Y sign -n git makes.
func signSSH(key ssh.Signer, payload []byte) (string, error) {
	const magic, namespace, hashName = "SSHSIG", "git", "sha512"
	digest := sha512.Sum512(payload)
	signed := append([]byte(magic), ssh.Marshal(struct{ Namespace, Reserved, Hash, Digest string }{namespace, "", hashName, string(digest[:])})...)
	var signature *ssh.Signature
	var err error
	if with, able := key.(ssh.AlgorithmSigner); able && key.PublicKey().Type() == ssh.KeyAlgoRSA {
		signature, err = with.SignWithAlgorithm(rand.Reader, signed, ssh.KeyAlgoRSASHA512) // SHA-1 is not accepted
	} else {
		signature, err = key.Sign(rand.Reader, signed)
	}
	if err != nil {
		return "", err
	}
	blob := append([]byte(magic), ssh.Marshal(struct {
		Version                                         uint32
		PublicKey, Namespace, Reserved, Hash, Signature string
	}{1, string(key.PublicKey().Marshal()), namespace, "", hashName, string(ssh.Marshal(signature))})...)
	var out strings.Builder
	out.WriteString("-----BEGIN SSH SIGNATURE-----\n")
	for text := base64.StdEncoding.EncodeToString(blob); text != ""; {
		n := min(70, len(text))
		out.WriteString(text[:n] + "\n")
		text = text[n:]
	}
	out.WriteString("-----END SSH SIGNATURE-----\n")
	return out.String(), nil
}
