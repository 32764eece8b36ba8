//! One cryptography for everything that speaks TLS.

/// Makes `ring` the process's provider, unless one was chosen before. Everything that opens a TLS connection calls it
/// first; it costs nothing the second time.
pub fn install_crypto() {
    // It fails only where another part was first, and there is but one provider in this program.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
