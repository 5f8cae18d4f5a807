//! The local side of forwarded ports: sockets that listen, and threads that read requests from their connections.
//!
//! The threads know nothing of the cluster. They hand each request to the command, which holds the store only while it answers.

use std::io::{self, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use super::http;
use super::ports::{Address, Ports};
use kctl_container::{Request, Response};

/// The largest number of connections at the same time.
const MAX_CONNECTIONS: usize = 64;
/// The time without a request after which a connection is closed.
const IDLE: std::time::Duration = std::time::Duration::from_secs(300);

/// What the threads tell the command.
pub(super) enum Event {
    /// Somebody has connected to a local port.
    Connected(Ports),
    /// A request came in. A dropped sender closes the connection.
    Request(Ports, Box<Request>, Sender<Response>),
    /// The command is to end.
    Stop,
}

/// The sockets of a command.
pub(super) struct Server {
    events: Sender<Event>,
    /// Cloned for each connection, to count them.
    connections: Arc<()>,
}

impl Server {
    /// Creates a server without sockets; what happens on them comes from the receiver.
    ///
    /// # Errors
    /// The signal of Ctrl-C, which ends the command, cannot be received.
    pub(super) fn new() -> io::Result<(Server, Receiver<Event>)> {
        let (events, receiver) = mpsc::channel();
        stop_on_interrupt(events.clone())?;
        Ok((Server { events, connections: Arc::new(()) }, receiver))
    }

    /// Listens on a local port of an address, which is chosen if it is 0. Returns the address with the port.
    ///
    /// # Errors
    /// The port is in use, or the address is not one of this machine.
    pub(super) fn listen(&self, address: Address, ports: Ports) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(SocketAddr::new(address.ip, ports.local))?;
        let local = listener.local_addr()?;
        let ports = Ports { local: local.port(), ..ports };
        let (events, connections) = (self.events.clone(), self.connections.clone());
        std::thread::Builder::new().name(format!("port {}", ports.local)).spawn(move || {
            for stream in listener.incoming() {
                // One that was closed before it was accepted, or one too many, is left alone.
                if let Ok(stream) = stream
                    && Arc::strong_count(&connections) < MAX_CONNECTIONS
                {
                    let (events, connection) = (events.clone(), connections.clone());
                    // Without a thread the connection is closed, as one too many is.
                    let _ = std::thread::Builder::new().spawn(move || {
                        // The other side sees that the connection is closed; nobody else can be told.
                        let _ = serve(stream, ports, &events);
                        drop(connection);
                    });
                }
            }
        })?;
        Ok(local)
    }
}

/// Hands the requests of a connection to the command, one after the other.
fn serve(mut stream: TcpStream, ports: Ports, events: &Sender<Event>) -> io::Result<()> {
    let closed = |_| io::Error::from(io::ErrorKind::BrokenPipe);
    stream.set_read_timeout(Some(IDLE))?;
    events.send(Event::Connected(ports)).map_err(|_| closed(()))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(received) = http::read(&mut reader, &mut stream)? {
        let method = received.request.method.clone();
        let (sender, answer) = mpsc::channel();
        let event = Event::Request(ports, Box::new(received.request), sender);
        events.send(event).map_err(|_| closed(()))?;
        let response = answer.recv().map_err(|_| closed(()))?;
        let is_kept = received.is_kept && !response.is_http_1_0;
        http::write(&mut stream, &method, &response, is_kept)?;
        if !is_kept {
            break;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn stop_on_interrupt(events: Sender<Event>) -> io::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([signal_hook::consts::SIGINT])?;
    std::thread::Builder::new().name("interrupt".into()).spawn(move || {
        for _ in signals.forever() {
            // The command may have ended already.
            let _ = events.send(Event::Stop);
        }
    })?;
    Ok(())
}

#[cfg(not(unix))]
fn stop_on_interrupt(_: Sender<Event>) -> io::Result<()> {
    Ok(())
}
