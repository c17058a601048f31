// The least that a server can do on Linux: epoll, one read and one write for what has come, and no parsing
// beyond the end of the head. It answers GET /health with the bytes that this repository's server sends. So it
// shows what the kernel costs, which is a limit for every server. It is a peer for benchmarks, and takes no
// request with content.
//
//     server [THREADS]        prints "listening on http://127.0.0.1:PORT" when all threads accept
//
// Each thread has a listening socket of its own on the same port (SO_REUSEPORT), and its own connections.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kHealth = "GET /health HTTP/1.1\r\n";
constexpr std::string_view kNotFound = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
constexpr size_t kInputBytes = 65'536;
constexpr int kEvents = 256;
constexpr int kBacklog = 511;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

/** The answer to GET /health. Its Date is that of the present second. */
class HealthAnswer {
 public:
  const std::string& now() {
    timespec time;
    clock_gettime(CLOCK_REALTIME_COARSE, &time);
    if (time.tv_sec != second_) make(time.tv_sec);
    return text_;
  }

 private:
  void make(time_t second) {
    second_ = second;
    tm utc;
    gmtime_r(&second, &utc);
    char date[64];
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    text_ = "HTTP/1.1 200 OK\r\nDate: ";
    text_ += date;
    text_ += "\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"status\":\"ok\"}";
  }

  time_t second_ = -1;
  std::string text_;
};

/** A client. `input` holds the start of a request whose head is incomplete, `output` what it has not taken. */
struct Connection {
  explicit Connection(int client) : descriptor(client) {}

  const int descriptor;
  bool closes = false;
  std::string input;
  std::string output;
};

class Loop {
 public:
  explicit Loop(int listener) : listener_(listener), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (epoll_ < 0) fail("epoll_create1");
    watch(EPOLL_CTL_ADD, listener_, EPOLLIN, nullptr);
  }

  [[noreturn]] void run() {
    epoll_event events[kEvents];
    for (;;) {
      const int count = epoll_wait(epoll_, events, kEvents, -1);
      if (count < 0 && errno != EINTR) fail("epoll_wait");
      for (int index = 0; index < count; ++index) {
        auto* connection = static_cast<Connection*>(events[index].data.ptr);
        if (connection == nullptr) accept();
        else if (connection->output.empty()) read(connection);
        else resume(connection);
      }
    }
  }

 private:
  void watch(int operation, int descriptor, uint32_t events, Connection* connection) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = connection;
    if (epoll_ctl(epoll_, operation, descriptor, &event) < 0) fail("epoll_ctl");
  }

  void accept() {
    const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return;
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(EPOLL_CTL_ADD, descriptor, EPOLLIN, new Connection(descriptor));
  }

  void read(Connection* connection) {
    const ssize_t length = recv(connection->descriptor, buffer_, sizeof buffer_, 0);
    if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (length <= 0) {
      close(connection);
      return;
    }
    std::string_view bytes(buffer_, length);
    // Only a head that comes in pieces is copied.
    if (!connection->input.empty()) {
      connection->input += bytes;
      bytes = connection->input;
    }
    answers_.clear();
    const size_t used = answer(connection, bytes);
    std::string rest(bytes.substr(used));
    connection->input.swap(rest);
    if (connection->input.size() > kInputBytes) connection->closes = true;
    write(connection, answers_);
  }

  /** Appends the answers to all complete requests. Returns the bytes of these requests. */
  size_t answer(Connection* connection, std::string_view bytes) {
    const std::string& health = health_.now();
    size_t start = 0;
    while (!connection->closes) {
      const size_t end = bytes.find(kHeadEnd, start);
      if (end == std::string_view::npos) break;
      if (bytes.substr(start, kHealth.size()) == kHealth) {
        answers_ += health;
      } else {
        answers_ += kNotFound;
        connection->closes = true;
      }
      start = end + kHeadEnd.size();
    }
    return start;
  }

  /** Sends bytes, and keeps what the client does not take now. Meanwhile nothing is read from it. */
  void write(Connection* connection, std::string_view bytes) {
    ssize_t sent = 0;
    if (!bytes.empty()) sent = send(connection->descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) {
      close(connection);
      return;
    }
    const size_t taken = sent < 0 ? 0 : sent;
    if (taken < bytes.size()) {
      std::string rest(bytes.substr(taken));
      connection->output.swap(rest);
      watch(EPOLL_CTL_MOD, connection->descriptor, EPOLLOUT, connection);
    } else if (connection->closes) {
      close(connection);
    }
  }

  /** The client takes more. */
  void resume(Connection* connection) {
    std::string output;
    output.swap(connection->output);
    watch(EPOLL_CTL_MOD, connection->descriptor, EPOLLIN, connection);
    write(connection, output);
  }

  void close(Connection* connection) {
    ::close(connection->descriptor);
    delete connection;
  }

  int listener_;
  int epoll_;
  HealthAnswer health_;
  std::string answers_;
  char buffer_[kInputBytes];
};

/** A listening socket on a loopback port. 0 lets the system choose one. */
int listenOn(uint16_t port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail("socket");
  const int on = 1;
  if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) fail("SO_REUSEPORT");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) fail("bind");
  if (listen(descriptor, kBacklog) < 0) fail("listen");
  return descriptor;
}

uint16_t portOf(int descriptor) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) < 0) fail("getsockname");
  return ntohs(address.sin_port);
}

}  // namespace

int main(int count, char** parameters) {
  const int threads = count > 1 ? std::atoi(parameters[1]) : 1;
  if (threads < 1) {
    std::fputs("usage: server [THREADS]\n", stderr);
    return 2;
  }
  std::vector<int> listeners{listenOn(0)};
  const uint16_t port = portOf(listeners.front());
  while (listeners.size() < static_cast<size_t>(threads)) listeners.push_back(listenOn(port));
  std::printf("listening on http://127.0.0.1:%d\n", port);
  std::fflush(stdout);
  std::vector<std::thread> others;
  for (int index = 1; index < threads; ++index) {
    others.emplace_back([listener = listeners[index]] {
      // On the heap, because its buffer is large for a stack.
      (new Loop(listener))->run();
    });
  }
  (new Loop(listeners.front()))->run();
}
