// What a hostile peer sends grows neither the worker nor the server: heads, chunk sizes, their extensions, trailers, interim
// answers without end.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <fstream>

#include "tests/security/one_command.hpp"
#include "tests/support/peer.hpp"

using namespace noetl::support;
using Json = nlohmann::json;

namespace {

constexpr std::size_t mebibyte = 1024UL * 1024;
constexpr std::size_t flood_mebibytes = 400;
constexpr std::size_t growth_bytes_max = 20 * mebibyte;

struct Flood {
  const char* name;
  std::string first;  // what the answer begins with
  std::string again;  // what follows, for 400 MiB
};

std::vector<Flood> floods() {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  std::string lines;
  while (lines.size() < mebibyte) lines += "X-Line: " + std::string(1000, 'a') + "\r\n";
  std::string interim;
  while (interim.size() < mebibyte) interim += "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n";
  std::string extensions;
  while (extensions.size() < mebibyte) extensions += "1;" + std::string(4000, 'a') + "\r\nx\r\n";
  const std::string chunked = ok + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string a(mebibyte, 'a');
  return {{"a header line", ok + "X-Long: ", a},
          {"a status line", "HTTP/1.1 200 ", a},
          {"headers", ok, lines},
          {"interim answers", "", interim},
          {"the extension of a chunk", chunked + "1;", a},
          {"the extensions of many chunks", chunked, extensions},
          {"the size of a chunk", chunked, std::string(mebibyte, '0')},
          {"a trailer line", chunked + "1\r\nx\r\n0\r\nX-Long: ", a},
          {"trailers", chunked + "1\r\nx\r\n0\r\n", lines}};
}

Peer::Answer endless(const Flood& flood) {
  return [&flood](std::size_t piece) {
    if (piece == 0 && !flood.first.empty()) return flood.first;
    return piece <= flood_mebibytes ? flood.again : std::string();
  };
}

// The most that a process ever had in memory, from now on.
std::size_t peak_bytes(const Process& process) {
  std::ifstream status("/proc/" + std::to_string(process.pid()) + "/status");
  std::string word;
  while (status >> word) {
    std::size_t kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib * 1024;
  }
  throw std::runtime_error("no VmHWM");
}
void forget_peak(const Process& process) {
  std::ofstream("/proc/" + std::to_string(process.pid()) + "/clear_refs") << "5";
}

}  // namespace

TEST_CASE("a peer's answer without end costs the worker less than 20 MiB, and the step fails") {
  Stack stack({.worker_slots = 2, .env = {}});
  Peer warm(once("HTTP/1.1 200 OK\r\n", "x"));
  REQUIRE(ended_command(stack, {{"kind", "http"}, {"url", warm.at("127.0.0.1")}}).at("status") == "done");
  for (const Flood& flood : floods()) {
    CAPTURE(flood.name);
    Peer peer(endless(flood));
    forget_peak(stack.worker());
    const std::size_t before = peak_bytes(stack.worker());

    const Json command = ended_command(stack, {{"kind", "http"}, {"url", peer.at("127.0.0.1")}, {"timeout", 60}});

    CAPTURE(command.dump().substr(0, 1000));
    CHECK(command.at("status") != "done");
    CHECK(complaint_of(command).find("timeout") == std::string::npos);
    CHECK(peak_bytes(stack.worker()) < before + growth_bytes_max);
  }
  CHECK(ended_command(stack, {{"kind", "http"}, {"url", warm.at("127.0.0.1")}}).at("status") == "done");
}

TEST_CASE("a store's answer without end costs the worker less than 20 MiB") {
  Stack stack({.worker_slots = 2, .env = {}});
  for (const Flood& flood : floods()) {
    CAPTURE(flood.name);
    Peer peer(endless(flood));
    forget_peak(stack.worker());
    const std::size_t before = peak_bytes(stack.worker());

    const Json command = ended_command(stack, {{"kind", "s3"},
                                               {"action", "get"},
                                               {"bucket", "b"},
                                               {"key", "k"},
                                               {"endpoint", peer.at("127.0.0.1")},
                                               {"credential", {{"token", "t"}}}});

    CHECK(command.at("status") != "done");
    CHECK(peak_bytes(stack.worker()) < before + growth_bytes_max);
  }
}

TEST_CASE("a token endpoint's answer without end costs the server less than 20 MiB") {
  Stack stack({.env = {{"NOETL_ENCRYPTION_KEY", std::string(64, 'c')}}});
  for (const Flood& flood : floods()) {
    CAPTURE(flood.name);
    Peer peer(endless(flood));
    const auto path = stack.register_playbook(
        "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: flood, path: security/flood}\nkeychain:\n"
        "  - {name: k, kind: oauth2, endpoint: '" +
        peer.at("127.0.0.1") +
        "/token', data: {a: b}}\n"
        "workflow:\n  - step: start\n    tool: {kind: python, input: {t: \"{{ keychain.k }}\"}, code: "
        "'result = 1'}\n");
    forget_peak(stack.server());
    const std::size_t before = peak_bytes(stack.server());

    const Json execution = stack.wait_for_execution(stack.execute(path, Json::object()), std::chrono::seconds(60));

    CHECK(execution.at("status") == "FAILED");
    CHECK(peak_bytes(stack.server()) < before + growth_bytes_max);
  }
}
