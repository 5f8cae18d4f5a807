use std::net::TcpListener;
use std::time::Duration;

use super::test_server::{TestServer, answer};
use super::*;
use crate::testing::Session;

const CONFIG_MAP: &str = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n";

/// Returns the output of a command, with the address of a server replaced.
fn kubectl(session: &mut Session, server: &TestServer, args: &[&str]) -> String {
    let address = server.url("");
    let args: Vec<String> = args.iter().map(|arg| arg.replace("$URL", &address)).collect();
    session.kubectl(&args).replace(&address, "$URL").replace(address.trim_start_matches("http://"), "$HOST")
}

fn get_at(server: &TestServer, path: &str, timeout: Option<Duration>) -> Result<Answer, String> {
    let address = server.url("");
    let url = Url::parse(&server.url(path)).expect("a URL");
    get(&url, timeout).map_err(|e| e.to_string().replace(&address, "$URL"))
}

/// The bytes of a gzip file with `a: 1\n`.
const GZIP: &[u8] = &[31, 139, 8, 0, 0, 0, 0, 0, 2, 255, 75, 180, 82, 48, 228, 2, 0, 105, 25, 35, 227, 5, 0, 0, 0];

#[test]
fn objects_are_read_from_urls() {
    let server = TestServer::start(&vec![answer("200 OK", "", CONFIG_MAP); 5]);
    let mut session = Session::new(&[]);
    let mut run = |args: &[&str]| kubectl(&mut session, &server, args);
    assert_eq!(run(&["apply", "-f", "$URL/a.yaml"]), "configmap/a created\n");
    assert_eq!(run(&["label", "-f", "$URL/a.yaml", "x=y"]), "configmap/a labeled\n");
    assert_eq!(
        run(&["create", "-f", "$URL/a.yaml"]),
        "! Error from server (AlreadyExists): error when creating \"$URL/a.yaml\": configmaps \"a\" already exists\n= 1\n"
    );
    assert_eq!(run(&["get", "-f", "$URL/a.yaml", "-o", "jsonpath={.kind}"]), "ConfigMap");
    assert_eq!(run(&["delete", "-f", "$URL/a b.yaml"]), "configmap \"a\" deleted from default namespace\n");
    assert!(server.requests()[4].starts_with("GET /a%20b.yaml HTTP/1.1\r\n"), "{:?}", server.requests());
}

#[test]
fn failures_of_the_server_are_tried_again() {
    let unavailable = || answer("503 Service Unavailable", "", "wait");
    let server = TestServer::start(&[unavailable(), unavailable(), answer("200 OK", "", CONFIG_MAP)]);
    let mut session = Session::new(&[]);
    let before = session.kubectl(&["clock".into()]);
    assert_eq!(kubectl(&mut session, &server, &["create", "-f", "$URL/a.yaml"]), "configmap/a created\n");
    let after = session.kubectl(&["clock".into()]);
    assert_ne!(before, after, "the virtual clock moves between attempts");
    assert_eq!(server.requests().len(), 3);

    let server = TestServer::start(&[unavailable(), unavailable(), unavailable(), unavailable()]);
    assert_eq!(
        kubectl(&mut session, &server, &["create", "-f", "$URL/a.yaml"]),
        "! error: unable to read URL \"$URL/a.yaml\", server reported 503 Service Unavailable, status code=503\n= 1\n"
    );
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn other_failures_are_reported_at_once() {
    let server = TestServer::start(&[answer("404 Not Found", "", ""), answer("204 No Content", "", "")]);
    let mut session = Session::new(&[]);
    for status in ["404 Not Found", "204 No Content"] {
        let code = &status[..3];
        assert_eq!(
            kubectl(&mut session, &server, &["apply", "-f", "$URL/a.yaml"]),
            format!("! error: unable to read URL \"$URL/a.yaml\", server reported {status}, status code={code}\n= 1\n")
        );
    }
}

#[test]
fn nothing_is_fetched_for_a_command_line_that_is_wrong() {
    let server = TestServer::start(&[answer("200 OK", "", CONFIG_MAP)]);
    let shown = kubectl(&mut Session::new(&[]), &server, &["get", "-f", "$URL/a.yaml", "pods"]);
    let wrong = "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well";
    assert_eq!(shown, format!("! error: {wrong}\n= 1\n"));
    assert_eq!(server.requests(), Vec::<String>::new());
}

#[test]
fn passwords_are_sent_but_not_shown() {
    let server = TestServer::start(&[answer("401 Unauthorized", "", "")]);
    let mut session = Session::new(&[]);
    let url = server.url("/a").replace("http://", "http://me:s%40@");
    let shown = session.kubectl(&["create".into(), "-f".into(), url]);
    assert!(shown.contains("\"http://me:***@127.0.0.1:"), "{shown}");
    assert!(
        server.requests()[0].to_lowercase().contains("authorization: basic bwu6c0a=\r\n"),
        "{:?}",
        server.requests()
    );
}

#[test]
fn redirects_are_followed_ten_times() {
    let moved = |to: &str| answer("302 Found", &format!("Location: {to}\r\n"), "");
    let server = TestServer::start(&[moved("../b?x"), moved("/c"), answer("200 OK", "", "a: 1")]);
    let got = get_at(&server, "/a/d", None).expect("an answer");
    assert_eq!((got.status.as_u16(), got.body), (200, Ok(b"a: 1".to_vec())));
    let asked: Vec<String> = server.requests().iter().map(|r| r.lines().next().unwrap_or_default().into()).collect();
    assert_eq!(asked, ["GET /a/d HTTP/1.1", "GET /b?x HTTP/1.1", "GET /c HTTP/1.1"]);

    let server = TestServer::start(&vec![moved("/a"); 12]);
    assert_eq!(get_at(&server, "/a", None).map(drop), Err("Get \"$URL/a\": stopped after 10 redirects".into()));

    let server = TestServer::start(&[moved("http://h:x/"), answer("301 Moved Permanently", "", "")]);
    let refused = "Get \"$URL/a\": failed to parse Location header \"http://h:x/\": parse \"http://h:x/\": invalid port \":x\" after host";
    assert_eq!(get_at(&server, "/a", None).map(drop), Err(refused.into()));
    assert_eq!(get_at(&server, "/a", None).map(|got| got.status.as_u16()), Ok(301), "no target");
}

#[test]
fn contents_are_unpacked_and_complete() {
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na: 1".to_vec();
    let packed = answer("200 OK", "Content-Encoding: gzip\r\n", GZIP);
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na: \r\n1\r\n1\r\n0\r\n\r\n".to_vec();
    let server = TestServer::start(&[packed, chunked, cut]);
    let body = || get_at(&server, "/a", None).expect("an answer").body;
    assert_eq!(body(), Ok(b"a: 1\n".to_vec()));
    assert!(server.requests()[0].to_lowercase().contains("accept-encoding: gzip"), "{:?}", server.requests());
    assert_eq!(body(), Ok(b"a: 1".to_vec()));
    assert_eq!(body(), Err("unexpected EOF".into()));

    let server = TestServer::start(&[b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na: 1"]);
    let mut session = Session::new(&[]);
    let shown = kubectl(&mut session, &server, &["create", "-f", "$URL/a"]);
    assert_eq!(shown, "! error: error parsing $URL/a: unexpected EOF\n= 1\n");
}

#[test]
fn connections_fail_as_in_go() {
    // The port is free again when the listener is gone.
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let cause = |url: &str| get(&Url::parse(url).expect("a URL"), None).map(drop).map_err(|e| e.to_string());
    let refused = format!("http://{address}/a");
    assert_eq!(cause(&refused), Err(format!("Get \"{refused}\": dial tcp {address}: connect: connection refused")));
    assert_eq!(cause("http:///a"), Err("Get \"http:///a\": http: no Host in request URL".into()));
    let mut session = Session::new(&[]);
    assert_eq!(
        session.kubectl(&["create".into(), "-f".into(), refused]),
        format!(
            "! The connection to the server {address} was refused - did you specify the right host or port?\n= 1\n"
        )
    );
}

#[test]
fn silent_servers_are_given_up() {
    let server = TestServer::start(&[b""; 4]);
    let timeout = Some(Duration::from_millis(20));
    let expected = "Get \"$URL/a\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
    assert_eq!(get_at(&server, "/a", timeout).map(drop), Err(expected.into()));
    let mut session = Session::new(&[]);
    let shown = kubectl(&mut session, &server, &["create", "-f", "$URL/a", "--request-timeout=20ms"]);
    assert_eq!(
        shown,
        "! Unable to connect to the server: context deadline exceeded (Client.Timeout exceeded while awaiting headers)\n= 1\n"
    );
}

#[test]
fn plain_servers_are_not_taken_for_encrypted_ones() {
    let server = TestServer::start(&[answer("400 Bad Request", "", "")]);
    let url = Url::parse(&server.url("/a").replace("http:", "https:")).expect("a URL");
    let error = get(&url, Some(Duration::from_secs(30))).map(drop).expect_err("no encryption").to_string();
    assert!(error.ends_with(": tls: first record does not look like a TLS handshake"), "{error}");
}
