//! Who may come in, and what they may reach: SCRAM-SHA-256, TLS, roles, paths, the number of connections.

mod support;

use std::path::Path;

use support::client::{config, try_connect};
use support::server::mead;
use support::tls::{Tls, fixture};
use support::{Server, connect, connect_as, report};
use tokio_postgres::config::SslMode;
use tokio_postgres::{Config, NoTls};

/// A configuration with a superuser, a user and a certificate.
const USERS: &str = "[[users]]\nname = 'mead'\npassword = \"chief's\"\nsuperuser = true\n\n[[users]]\nname = 'ada'\npassword = 'pässword'\n";

fn write_config(folder: &Path, text: &str) -> std::path::PathBuf {
    let path = folder.join("mead.toml");
    std::fs::write(&path, text).unwrap();
    path
}

fn certificates() -> String {
    format!("tls_cert = '{}'\ntls_key = '{}'\n", fixture("server.crt").display(), fixture("server.key").display())
}

fn with_password(server: &Server, user: &str, password: &str) -> Config {
    let mut config = config(server.address, user);
    config.password(password);
    config
}

#[tokio::test]
async fn passwords_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let file = write_config(folder.path(), USERS);
    let server = Server::start_with(|command| {
        command.arg("--config").arg(&file);
    });
    assert!(server.ready.contains("SCRAM-SHA-256"), "{}", server.ready);
    let client = try_connect(&with_password(&server, "ada", "pässword"), NoTls).await.unwrap();
    assert_eq!(client.value("SELECT current_user").await, "ada");
    let client = try_connect(&with_password(&server, "mead", "chief's"), NoTls).await.unwrap();
    assert_eq!(client.value("SHOW is_superuser").await, "on");
    for (user, password) in [("ada", "password"), ("ada", ""), ("nobody", "pässword"), ("mead", "pässword")] {
        let error = try_connect(&with_password(&server, user, password), NoTls).await.err().expect("refused");
        assert_eq!(report(&error), format!("28P01: password authentication failed for user \"{user}\""));
    }
    let error = try_connect(&config(server.address, "ada"), NoTls).await.err().expect("refused");
    assert!(format!("{error:?}").contains("password"), "{error:?}");
    // A password is never in the log.
    assert!(!server.log().contains("pässword") && !server.log().contains("chief's"), "{}", server.log());
}

/// A password that is set while the server runs closes the door that was open to everybody.
#[tokio::test]
async fn a_first_password_ends_trust() {
    let server = Server::start();
    assert!(server.ready.contains("trust"), "{}", server.ready);
    let client = connect(server.address).await;
    client.run("CREATE ROLE boss SUPERUSER LOGIN PASSWORD 'secret'").await;
    let error = try_connect(&config(server.address, "mead"), NoTls).await.err().expect("refused");
    assert!(format!("{error:?}").contains("password"), "{error:?}");
    let client = try_connect(&with_password(&server, "boss", "secret"), NoTls).await.unwrap();
    client.run("ALTER ROLE boss PASSWORD 'other'").await;
    assert!(try_connect(&with_password(&server, "boss", "secret"), NoTls).await.is_err());
    assert!(try_connect(&with_password(&server, "boss", "other"), NoTls).await.is_ok());
}

#[tokio::test]
async fn tls_as_the_client_wants_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = write_config(folder.path(), &format!("{}{USERS}", certificates()));
    let server = Server::start_with(|command| {
        command.arg("--config").arg(&file);
    });
    assert!(server.ready.contains("TLS"), "{}", server.ready);
    for mode in [SslMode::Disable, SslMode::Prefer, SslMode::Require] {
        for host in ["localhost", "127.0.0.1"] {
            let mut config = Config::new();
            config.host(host).hostaddr(server.address.ip()).port(server.port()).user("ada").password("pässword");
            config.dbname("default").ssl_mode(mode);
            let client = try_connect(&config, Tls::trusting("authority.crt")).await;
            let client = client.unwrap_or_else(|error| panic!("{mode:?}, {host}: {error:?}"));
            assert_eq!(client.value("SELECT current_user").await, "ada");
            let stranger = try_connect(&config, Tls::trusting("stranger.crt")).await;
            assert_eq!(stranger.is_ok(), mode == SslMode::Disable, "{mode:?}: a stranger's signature is not trusted");
        }
    }
    let mut config = with_password(&server, "ada", "wrong");
    config.ssl_mode(SslMode::Require);
    let error = try_connect(&config, Tls::trusting("authority.crt")).await.err().expect("refused");
    assert_eq!(report(&error), "28P01: password authentication failed for user \"ada\"");
}

#[tokio::test]
async fn tls_as_the_server_wants_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = write_config(folder.path(), &format!("{}require_tls = true\n", certificates()));
    let server = Server::start_with(|command| {
        command.arg("--config").arg(&file);
    });
    let error = try_connect(&config(server.address, "mead"), NoTls).await.err().expect("refused");
    assert_eq!(report(&error), "28000: connections without TLS are not accepted");
    let mut required = config(server.address, "mead");
    required.ssl_mode(SslMode::Require);
    assert!(try_connect(&required, Tls::trusting("authority.crt")).await.is_ok());
    // A server without a certificate has no TLS to give, and a client that insists does not come in.
    let plain = Server::start();
    let mut required = config(plain.address, "mead");
    required.ssl_mode(SslMode::Require);
    assert!(try_connect(&required, Tls::trusting("authority.crt")).await.is_err());
}

#[test]
fn an_unsafe_server_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |arguments: &[&str], config: &str, expected: &str| {
        let file = write_config(folder.path(), config);
        let mut command = mead();
        command
            .arg("serve")
            .arg("--data-dir")
            .arg(folder.path().join("data"))
            .arg("--config")
            .arg(&file)
            .args(arguments);
        let refusal = match Server::launch(command, &folder.path().join("data"), None) {
            Ok(server) => panic!("{arguments:?} {config}: it started: {}", server.ready),
            Err(refusal) => refusal,
        };
        assert_eq!(refusal.status.code(), Some(2), "{}", refusal.stderr);
        assert!(refusal.stderr.contains(expected), "{arguments:?}: {}", refusal.stderr);
    };
    let open = ["--listen", "0.0.0.0:0"];
    refused(&open, "", "without TLS");
    refused(&open, USERS, "without TLS");
    let certificates = certificates();
    let key = fixture("server.key").display().to_string();
    let authority = fixture("authority.crt").display().to_string();
    let local = ["--listen", "127.0.0.1:0"];
    refused(&local, "require_tls = true\n", "TLS is required but has no certificate");
    refused(&local, &format!("tls_cert = '{authority}'\n"), "TLS needs both");
    refused(&local, &format!("tls_cert = '{authority}'\ntls_key = '{key}'\n"), "cannot be used");
    refused(&local, &format!("tls_cert = '{key}'\ntls_key = '{key}'\n"), "no certificate in");
    refused(&local, &format!("tls_cert = '/no/such'\ntls_key = '{key}'\n"), "/no/such");
    // TLS but no passwords: the data directory must not have any from the cases before.
    std::fs::remove_dir_all(folder.path().join("data")).unwrap();
    refused(&open, &certificates, "without passwords");
}

#[tokio::test]
async fn a_safe_server_listens_to_other_machines() {
    let folder = tempfile::tempdir().unwrap();
    let file = write_config(folder.path(), &format!("{}{USERS}", certificates()));
    let data = folder.path().join("data");
    let mut command = mead();
    command.arg("serve").arg("--data-dir").arg(&data).arg("--config").arg(&file).args(["--listen", "0.0.0.0:0"]);
    let server = Server::launch(command, &data, None).unwrap_or_else(|refusal| panic!("{}", refusal.stderr));
    let mut config = Config::new();
    config.host("localhost").hostaddr([127, 0, 0, 1].into()).port(server.port()).user("ada").password("pässword");
    config.ssl_mode(SslMode::Require).dbname("default");
    assert!(try_connect(&config, Tls::trusting("authority.crt")).await.is_ok());
}

/// Files are for superusers, or below the folders that are open to all.
#[tokio::test]
async fn paths_are_for_those_who_may() {
    let folder = tempfile::tempdir().unwrap();
    let open = folder.path().join("open");
    std::fs::create_dir(&open).unwrap();
    std::fs::write(folder.path().join("secret.csv"), "x\n1\n").unwrap();
    std::os::unix::fs::symlink(folder.path().join("secret.csv"), open.join("link.csv")).unwrap();
    let server = Server::start_with(|command| {
        command.arg("--allow-path").arg(&open);
    });
    connect(server.address).await.run("CREATE ROLE ada LOGIN").await;
    let client = connect_as(server.address, "ada").await;
    let (open, outside) = (open.display().to_string(), folder.path().display().to_string());
    client.run(&format!("COPY (SELECT 1 AS x) TO '{open}/mine.csv' (HEADER)")).await;
    client.run(&format!("CREATE EXTERNAL TABLE mine STORED AS CSV LOCATION '{open}/mine.csv'")).await;
    assert_eq!(client.value("SELECT x FROM mine").await, "1");
    for location in [format!("{outside}/secret.csv"), format!("{open}/link.csv"), format!("{open}/../secret.csv")] {
        let statements = [
            format!("CREATE EXTERNAL TABLE stolen STORED AS CSV LOCATION '{location}'"),
            format!("COPY (SELECT 1) TO '{location}'"),
            format!("CREATE MODEL stolen FROM '{location}'"),
            format!("INSERT OVERWRITE DIRECTORY '{location}' STORED AS CSV SELECT 1"),
        ];
        for sql in statements {
            let code = client.failure(&sql).await.code().code().to_owned();
            assert!(code == "42501" || code == "22023", "{sql}: {code}");
        }
    }
    assert_eq!(client.failure("CREATE ROLE other").await.code().code(), "42501");
    assert_eq!(client.failure("ALTER ROLE ada SUPERUSER").await.code().code(), "42501");
    assert_eq!(std::fs::read_to_string(folder.path().join("secret.csv")).unwrap(), "x\n1\n");
}

#[tokio::test]
async fn there_is_a_limit_to_connections() {
    let server = Server::start_with(|command| {
        command.args(["--max-connections", "2"]);
    });
    let one = connect(server.address).await;
    let _two = connect(server.address).await;
    let error = try_connect(&config(server.address, "mead"), NoTls).await.err().expect("refused");
    assert_eq!(error.code().map(|code| code.code()), Some("53300"), "{error}");
    drop(one);
    support::eventually("a place is free again", std::time::Duration::from_secs(2), async || {
        try_connect(&config(server.address, "mead"), NoTls).await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn strangers_are_told_why() {
    let server = Server::shared();
    let mut other = config(server.address, "mead");
    other.dbname("nowhere");
    let error = try_connect(&other, NoTls).await.err().expect("refused");
    assert_eq!(report(&error), "3D000: database \"nowhere\" does not exist");
    let error = try_connect(&config(server.address, "nobody"), NoTls).await.err().expect("refused");
    assert_eq!(report(&error), "28000: role \"nobody\" does not exist");
    let mut options = config(server.address, "mead");
    options.options("-c TimeZone=Asia/Tokyo -c statement_timeout=5s").application_name("strangers");
    let client = try_connect(&options, NoTls).await.unwrap();
    assert_eq!(client.value("SHOW TimeZone").await, "Asia/Tokyo");
    assert_eq!(client.value("SHOW statement_timeout").await, "5s");
    assert_eq!(client.value("SHOW application_name").await, "strangers");
}
