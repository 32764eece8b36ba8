//! Many connections that go the same way: one TLS for all of them.

use super::{DialError, Prepared, Route, Stream};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

/// A way that many connections go. The files of TLS are read once, and again when they have changed; sessions of TLS are
/// resumed, which spares broker and devices most of a handshake.
#[derive(Debug)]
pub struct SharedRoute {
    route: Route,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    /// What the files looked like when they were read.
    stamp: Stamp,
    tls: Option<TlsConnector>,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("stamp", &self.stamp).finish_non_exhaustive()
    }
}

/// Time and size of each of the files; `None` for one that is not there.
type Stamp = [Option<(SystemTime, u64)>; 3];

impl SharedRoute {
    /// Nothing is read or opened yet.
    #[must_use]
    pub const fn new(route: Route) -> Self {
        Self { route, kept: Mutex::new(None) }
    }

    /// The way.
    #[must_use]
    pub const fn route(&self) -> &Route {
        &self.route
    }

    /// What must be known before a connection is opened; see [`Route::prepare`]. A request for a WebSocket is made anew each
    /// time, since AWS takes a signature for a while only.
    ///
    /// # Errors
    /// When there is nothing to connect with: [`DialError::Setup`].
    pub async fn prepare(&self) -> Result<Prepared, DialError> {
        let stamp = self.stamp();
        let known = self.kept().as_ref().filter(|kept| kept.stamp == stamp).map(|kept| kept.tls.clone());
        let tls = if let Some(tls) = known {
            tls
        } else {
            let tls = self.route.connector().await?;
            let mut kept = self.kept();
            match &*kept {
                // Connections that begin together may all come here: they take what the first one has made.
                Some(first) if first.stamp == stamp => first.tls.clone(),
                _ => {
                    *kept = Some(Kept { stamp, tls: tls.clone() });
                    tls
                }
            }
        };
        Ok(Prepared { tls, request: self.route.request().await?, lean: true })
    }

    /// Opens a connection; see [`Route::dial`].
    ///
    /// # Errors
    /// When there is none.
    pub async fn dial(&self, prepared: Prepared, deadline: Instant) -> Result<Stream, DialError> {
        self.route.dial(prepared, None, deadline).await
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Option<Kept>> {
        // Never held over an await.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stamp(&self) -> Stamp {
        let tls = &self.route.tls;
        [&tls.ca, &tls.cert, &tls.key].map(|path| path.as_deref().and_then(seen))
    }
}

fn seen(path: &Path) -> Option<(SystemTime, u64)> {
    let found = std::fs::metadata(path).ok()?;
    Some((found.modified().ok()?, found.len()))
}
