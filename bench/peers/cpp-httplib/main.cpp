// The plain application (bench/peers/plain/work.ts) on cpp-httplib, whose thread pool is what the server of this
// repository replaces: each connection keeps one of its threads until it closes.
//
//     main [THREADS]        prints "listening on http://127.0.0.1:PORT"
//     main --version        prints the version of cpp-httplib

#include <httplib.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

namespace {

constexpr const char* kJson = "application/json";
constexpr const char* kBytes = "application/octet-stream";
constexpr size_t kBigBytes = 100 * 1024;
constexpr size_t kMostBodyBytes = 4 * 1024 * 1024;
constexpr size_t kMostRequestsOfConnection = 1'000'000'000;

httplib::Server server;

/** The value of a Date field. Each thread keeps the text of the present second. */
const std::string& date() {
  thread_local std::time_t second = 0;
  thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != second) {
    second = now;
    std::tm utc;
    gmtime_r(&now, &utc);
    char line[64];
    std::strftime(line, sizeof line, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    text = line;
  }
  return text;
}

void send(httplib::Response& response, const std::string& body, const char* type) {
  response.set_header("Date", date());
  response.set_content(body, type);
}

void burn(long milliseconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
  while (std::chrono::steady_clock::now() < end) {
  }
}

void add_routes() {
  static const std::string big(kBigBytes, 'x');
  server.Get("/health", [](const auto&, auto& response) { send(response, "{\"status\":\"ok\"}", kJson); });
  server.Get(R"(/params/([^/]+)/([^/]+))", [](const auto& request, auto& response) {
    send(response, "{\"a\":\"" + request.matches[1].str() + "\",\"b\":\"" + request.matches[2].str() + "\"}", kJson);
  });
  server.Get("/field", [](const auto& request, auto& response) {
    send(response, "{\"field\":\"" + request.get_header_value("x-field-29") + "\"}", kJson);
  });
  server.Post("/echo", [](const auto& request, auto& response) { send(response, request.body, kBytes); });
  server.Get("/big", [](const auto&, auto& response) { send(response, big, kBytes); });
  server.Get("/cpu", [](const auto& request, auto& response) {
    const long ms = std::strtol(request.get_param_value("ms").c_str(), nullptr, 10);
    burn(ms);
    send(response, "{\"ms\":" + std::to_string(ms) + "}", kJson);
  });
}

}  // namespace

int main(int count, char** arguments) {
  if (count > 1 && std::string(arguments[1]) == "--version") {
    std::printf("%s\n", CPPHTTPLIB_VERSION);
    return 0;
  }
  const size_t threads = count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 8;
  server.new_task_queue = [threads] { return new httplib::ThreadPool(threads); };
  server.set_keep_alive_max_count(kMostRequestsOfConnection);
  server.set_payload_max_length(kMostBodyBytes);
  server.set_tcp_nodelay(true);
  add_routes();
  const int port = server.bind_to_any_port("127.0.0.1");
  if (port < 0) return 1;
  std::signal(SIGTERM, [](int) { server.stop(); });
  std::printf("listening on http://127.0.0.1:%d\n", port);
  std::fflush(stdout);
  return server.listen_after_bind() ? 0 : 1;
}
