//! The listener: who may connect, how many, and how it ends.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use mead_common::scram::random_bytes;
use mead_common::{CancelReason, Diagnostic, sqlstate};
use mead_engine::{ConnectOptions, Engine};
use pgwire::messages::startup::BackendKeyData;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::cancel::CancelRegistry;
use crate::channel::Channel;
use crate::client::{Client, Failure};
use crate::config::WireConfig;
use crate::connection::Connection;
use crate::error::Error;
use crate::report::{self, Weight};
use crate::startup::{Door, Guest};
use crate::tls::Tls;

/// Strangers at the door beyond the connections that are allowed: those that have not said who they are yet.
const STRANGERS_MAX: usize = 1_000;

/// After a failed accept (too many open files), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a last message may take to go out.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(5);

/// When the machine at the other end is gone without a word.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// A listening server.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    engine: Arc<Engine>,
    config: WireConfig,
    tls: Option<Tls>,
    registry: Arc<CancelRegistry>,
    sessions: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    mock_secret: Vec<u8>,
    stopping: CancellationToken,
}

impl Server {
    /// Listens, but serves nobody yet. Refuses what would not be safe: an address that other machines reach without TLS
    /// or without passwords, TLS that is required and cannot be had.
    pub async fn bind(config: WireConfig, engine: Arc<Engine>) -> Result<Server, Error> {
        let tls = config.tls.as_ref().map(Tls::load).transpose()?;
        if config.require_tls && tls.is_none() {
            return Err(Error::TlsRequiredWithoutCertificate);
        }
        let listen_error = |source| Error::Listen { address: config.listen.clone(), source };
        let listener = TcpListener::bind(&config.listen).await.map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        if !address.ip().is_loopback() {
            if tls.is_none() {
                return Err(Error::NoTls(address));
            }
            if !engine.has_passwords().map_err(Error::Engine)? {
                return Err(Error::NoPasswords(address));
            }
        }
        let shared = Shared {
            mock_secret: mock_secret(tls.as_ref()).map_err(Error::Engine)?,
            engine,
            tls,
            registry: Arc::default(),
            sessions: Arc::new(Semaphore::new(config.max_connections)),
            strangers: Arc::new(Semaphore::new(config.max_connections + STRANGERS_MAX)),
            stopping: CancellationToken::new(),
            config,
        };
        Ok(Server { listener, address, shared: Arc::new(shared) })
    }

    /// Where it listens, the port filled in.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// True if anybody on this machine may come in without a password.
    pub fn trusts_loopback(&self) -> Result<bool, Diagnostic> {
        Ok(!self.shared.engine.has_passwords()?)
    }

    /// Serves clients until `shutdown` is ready. Then accepts no more, cancels what runs, tells the clients (57P01), and
    /// returns when they are gone, or after the grace period.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let Server { listener, shared, .. } = self;
        let mut connections = JoinSet::new();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(ended) = connections.join_next() => log_end(ended),
                accepted = listener.accept() => match accepted {
                    Ok((socket, peer)) => {
                        connections.spawn(welcome(Arc::clone(&shared), socket, peer));
                    }
                    Err(error) => {
                        tracing::error!(%error, "could not accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(listener);
        shared.stopping.cancel();
        let all_ended = async {
            while let Some(ended) = connections.join_next().await {
                log_end(ended);
            }
        };
        if timeout(shared.config.shutdown_grace, all_ended).await.is_err() {
            tracing::warn!(connections = connections.len(), "connections are closed that did not end in time");
            connections.shutdown().await;
        }
    }
}

fn log_end(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection ended by a panic");
    }
}

/// Salts of users who do not exist must not change with a restart, when those of users who do exist do not: where there is
/// a private key they are made from it.
fn mock_secret(tls: Option<&Tls>) -> Result<Vec<u8>, Diagnostic> {
    match tls {
        Some(tls) => Ok(tls.key_hash.clone()),
        None => Ok(random_bytes::<32>()?.to_vec()),
    }
}

/// One connection, from the door to the end.
async fn welcome(shared: Arc<Shared>, socket: TcpStream, peer: SocketAddr) {
    let Ok(stranger) = Arc::clone(&shared.strangers).try_acquire_owned() else {
        tracing::warn!(%peer, "a connection was dropped: too many have not authenticated yet");
        return;
    };
    set_up(&socket);
    let tls = shared.tls.as_ref();
    let door = Door {
        engine: &shared.engine,
        tls,
        require_tls: shared.config.require_tls,
        registry: &shared.registry,
        mock_secret: &shared.mock_secret,
        peer,
    };
    let entry = tokio::select! {
        entry = timeout(shared.config.authentication_timeout, enter(&door, socket)) => entry,
        () = shared.stopping.cancelled() => return,
    };
    let (mut channel, guest) = match entry {
        Ok(Some(entry)) => entry,
        Ok(None) => return,
        Err(_) => {
            tracing::info!(%peer, "a connection was dropped: it did not authenticate in time");
            return;
        }
    };
    drop(stranger);
    let Ok(_seat) = Arc::clone(&shared.sessions).try_acquire_owned() else {
        let report = Diagnostic::new(sqlstate::TOO_MANY_CONNECTIONS, "sorry, too many clients already");
        farewell(&mut channel, &report).await;
        return;
    };
    host(&shared, channel, guest, peer).await;
}

/// Lets a stranger in, or sends it away with an error. `None` where the connection is over.
async fn enter(door: &Door<'_>, socket: TcpStream) -> Option<(Channel, Guest)> {
    let (mut channel, startup) = match door.open(socket).await {
        Ok(opened) => opened?,
        Err(error) => {
            tracing::debug!(peer = %door.peer, %error, "a connection was lost at its start");
            return None;
        }
    };
    let admitted = match startup {
        Ok(startup) => door.admit(&mut channel, startup).await,
        Err(report) => Err(report.into()),
    };
    match admitted {
        Ok(guest) => Some((channel, guest)),
        Err(Failure::Report(report)) => {
            farewell(&mut channel, &report).await;
            None
        }
        Err(Failure::Lost(error)) => {
            tracing::debug!(peer = %door.peer, %error, "a connection was lost while it authenticated");
            None
        }
    }
}

/// Opens the session and serves it.
async fn host(shared: &Shared, mut channel: Channel, guest: Guest, peer: SocketAddr) {
    let Guest { user, database, settings, long_key } = guest;
    let options = ConnectOptions { user, database, peer: Some(peer), settings };
    let (session, notices) = match shared.engine.connect(options).await {
        Ok(connected) => connected,
        Err(report) => return farewell(&mut channel, &report).await,
    };
    let cancel = session.cancel_handle();
    let registration = match shared.registry.register(session.backend_pid(), cancel.clone(), long_key) {
        Ok(registration) => registration,
        Err(report) => return farewell(&mut channel, &report).await,
    };
    let client = Client::new(channel, notices, cancel.clone(), shared.stopping.clone());
    let mut connection = Connection::new(client, session);
    let key = BackendKeyData::new(registration.pid(), registration.secret_key());
    match AssertUnwindSafe(connection.run(&key)).catch_unwind().await {
        Ok(Ok(())) => {}
        Ok(Err(Failure::Lost(error))) => tracing::debug!(%peer, %error, "a client was lost"),
        Ok(Err(Failure::Report(report))) => farewell(&mut connection.client.channel, &report).await,
        Err(panic) => {
            tracing::error!(%peer, panic = panic_message(panic.as_ref()), "a statement panicked; its connection is closed");
            cancel.cancel(CancelReason::Disconnected);
            let report = Diagnostic::internal("the statement failed by a defect in mead; the connection is closed");
            farewell(&mut connection.client.channel, &report).await;
        }
    }
}

/// Sends a last error, to a client that may not be reading.
async fn farewell(channel: &mut Channel, report: &Diagnostic) {
    if channel.put(&report::error_response(report, Weight::Fatal)).is_ok() {
        let _ = timeout(FAREWELL_TIMEOUT, channel.flush()).await;
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// Small messages go out at once; a machine that is gone is noticed.
fn set_up(socket: &TcpStream) {
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_IDLE).with_interval(KEEPALIVE_INTERVAL);
    let done = socket.set_nodelay(true).and_then(|()| SockRef::from(socket).set_tcp_keepalive(&keepalive));
    if let Err(error) = done {
        tracing::debug!(%error, "a socket's options could not be set");
    }
}
