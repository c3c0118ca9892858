// Tools that read and write files in the worker's process stay below one folder, whatever a step calls it; DuckDB does, too,
// and can neither load code nor lift its bounds.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "tests/security/one_command.hpp"
#include "tests/support/peer.hpp"

using namespace noetl::support;
using Json = nlohmann::json;
namespace fs = std::filesystem;

namespace {

constexpr const char* secret = "n0t-for-steps";
const std::string ok_head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";

// root/ with what tools may have; outside/ with what they may not.
struct Folders {
  Folders() {
    fs::create_directories(root() / "below");
    fs::create_directories(outside());
    write_text(outside() / "secret.txt", secret);
    write_text(outside() / "secret.csv", std::string("a\n") + secret + "\n");
    write_text(root() / "below" / "open.txt", "for-steps");
    write_text(root() / "in.csv", "a,b\n1,x\n2,y\n");
    fs::create_symlink(outside() / "secret.txt", root() / "link.txt");
    fs::create_directory_symlink(outside(), root() / "linked");
  }
  [[nodiscard]] fs::path root() const { return folder.path() / "root"; }
  [[nodiscard]] fs::path outside() const { return folder.path() / "outside"; }
  // Names for outside/<file>, by ways that once led there.
  [[nodiscard]] std::vector<std::string> ways_to(const std::string& file) const {
    return {(outside() / file).string(),
            "../outside/" + file,
            "below/../../outside/" + file,
            (root() / ".." / "outside" / file).string(),
            (root() / "linked" / file).string(),
            "linked/" + file,
            "/proc/self/root" + (outside() / file).string(),
            "/proc/self/cwd/../../" + file,
            root().string() + "x/../outside/" + file};
  }
  TemporaryFolder folder{"noetl-files"};
};

StackSettings with_root(const Folders& folders) { return {.env = {{"NOETL_FILES_ROOT", folders.root().string()}}}; }

bool has_duckdb(const Stack& stack) {
  const Json ran = ended_command(stack, {{"kind", "duckdb"}, {"query", "select 1"}});
  if (ran.at("status") == "done") return true;
  MESSAGE("left out, no DuckDB here: " << ran.dump().substr(0, 300));
  return false;
}

}  // namespace

TEST_CASE("http sends files below the root and no others") {
  const Folders folders;
  Peer peer(once(ok_head, "thanks"));
  const Stack stack(with_root(folders));
  const auto send = [&](const std::string& path) {
    return ended_command(
        stack, {{"kind", "http"}, {"method", "POST"}, {"url", peer.at("127.0.0.1")}, {"files", {{"f", path}}}});
  };

  for (const std::string& path : {std::string("below/open.txt"), (folders.root() / "below" / "open.txt").string()}) {
    const Json sent = send(path);
    CHECK_MESSAGE(sent.at("status") == "done", sent.dump());
  }
  for (std::string path :
       {std::string("/proc/self/environ"), std::string("/proc/self/fd/0"), std::string("/etc/hostname"),
        std::string("link.txt"), std::string("file:///etc/hostname")}) {
    CAPTURE(path);
    const Json refused = send(path);
    CHECK_MESSAGE(complaint_of(refused).find("is outside of '" + folders.root().string()) != std::string::npos,
                  refused.dump());
  }
  for (const std::string& path : folders.ways_to("secret.txt")) {
    CAPTURE(path);
    CHECK(send(path).at("status") != "done");
  }
  for (const char* option : {"ca_cert", "client_cert"}) {
    const Json refused = ended_command(
        stack,
        {{"kind", "http"}, {"url", peer.at("127.0.0.1")}, {option, "/etc/hostname"}, {"client_key", "/etc/hostname"}});
    CHECK_MESSAGE(complaint_of(refused).find("is outside of") != std::string::npos, refused.dump());
  }
  CHECK(peer.connections() == 2);
}

TEST_CASE("stores of objects and artifact read and write below the root only") {
  const Folders folders;
  Peer peer(once(ok_head, "from the store"));
  const Stack stack(with_root(folders));
  const auto object = [&](const char* action, const std::string& path) {
    return ended_command(stack, {{"kind", "s3"},
                                 {"action", action},
                                 {"bucket", "b"},
                                 {"key", "k"},
                                 {"source", path},
                                 {"endpoint", peer.at("127.0.0.1")},
                                 {"credential", {{"token", "t"}}}});
  };

  const Json got = object("get", "below/got.txt");

  CHECK_MESSAGE(got.at("status") == "done", got.dump());
  CHECK(read_text(folders.root() / "below" / "got.txt") == "from the store");
  for (const std::string& path : folders.ways_to("secret.txt")) {
    CAPTURE(path);
    CHECK(object("put", path).at("status") != "done");
    CHECK(object("get", path).at("status") != "done");
  }
  for (const std::string& path : folders.ways_to("new.txt")) {
    CAPTURE(path);
    CHECK(object("get", path).at("status") != "done");
    CHECK(ended_command(stack, {{"kind", "artifact"}, {"result_ref", "x"}, {"path", path}}).at("status") != "done");
  }
  CHECK(read_text(folders.outside() / "secret.txt") == secret);
  CHECK_FALSE(fs::exists(folders.outside() / "new.txt"));
  CHECK(peer.heard().find(secret) == std::string::npos);
}

TEST_CASE("duckdb and transfer have the root's files and nothing else of the machine") {
  const Folders folders;
  const Stack stack(with_root(folders));
  if (!has_duckdb(stack)) return;
  const std::string root = folders.root().string();
  const auto run = [&](const std::string& sql, const Json& more = Json::object()) {
    Json tool{{"kind", "duckdb"}, {"command", sql}};
    tool.update(more);
    return ended_command(stack, tool);
  };

  for (const std::string& sql :
       {"copy (select * from '" + root + "/in.csv') to '" + root + "/out.parquet' (format parquet)",
        "select * from '" + root + "/out.parquet'",
        "attach '" + root + "/other.duckdb' as o; create table o.t as select 1 as a"}) {
    const Json ran = run(sql);
    CHECK_MESSAGE(ran.at("status") == "done", ran.dump());
  }
  const Json made = run("create table t as select 1 as a", {{"database", "below/own.duckdb"}});
  CHECK_MESSAGE(made.at("status") == "done", made.dump());
  CHECK(fs::exists(folders.root() / "below" / "own.duckdb"));

  const std::string outside = folders.outside().string();
  for (const std::string& sql : {"select * from read_text('" + outside + "/secret.txt')",
                                 "select * from '" + outside + "/secret.csv'",
                                 "select * from read_text('" + root + "/../outside/secret.txt')",
                                 std::string("select * from read_blob('/proc/self/environ')"),
                                 "copy (select 1) to '" + outside + "/made.csv'",
                                 "attach '" + outside + "/made.duckdb' as m",
                                 "export database '" + outside + "/made'",
                                 std::string("select * from glob('/etc/*')"),
                                 std::string("select * from read_csv('http://127.0.0.1:1/x.csv')"),
                                 std::string("install httpfs"),
                                 std::string("install shellfs from community"),
                                 std::string("install x from 'http://127.0.0.1:1'"),
                                 std::string("load httpfs"),
                                 "load '" + root + "/x.duckdb_extension'",
                                 std::string("set enable_external_access=true"),
                                 std::string("set allowed_directories=['/']"),
                                 std::string("set lock_configuration=false"),
                                 std::string("set max_memory='100GB'"),
                                 std::string("reset max_memory"),
                                 std::string("set threads=64"),
                                 std::string("set temp_directory='/etc'"),
                                 std::string("set allow_unsigned_extensions=true"),
                                 std::string("set allow_community_extensions=true"),
                                 std::string("pragma enable_profiling='json'"),
                                 "set log_query_path='" + outside + "/made.log'"}) {
    CAPTURE(sql);
    const Json refused = run(sql);
    CHECK_MESSAGE(refused.at("status") != "done", refused.dump());
    CHECK(refused.dump().find(secret) == std::string::npos);
  }
  for (const std::string& path : folders.ways_to("made.duckdb")) {
    CAPTURE(path);
    CHECK(run("select 1", {{"database", path}}).at("status") != "done");
  }
  for (const char* type : {"csv", "json", "parquet"}) {
    for (const std::string& path : folders.ways_to("made.csv")) {
      CAPTURE(path);
      const Json written = ended_command(stack, {{"kind", "transfer"},
                                                 {"source", {{"type", "csv"}, {"path", "in.csv"}}},
                                                 {"target", {{"type", type}, {"path", path}}}});
      CHECK(written.at("status") != "done");
    }
  }
  const Json moved = ended_command(stack, {{"kind", "transfer"},
                                           {"source", {{"type", "csv"}, {"path", "in.csv"}}},
                                           {"target", {{"type", "json"}, {"path", "below/out.json"}}}});
  CHECK_MESSAGE(moved.at("status") == "done", moved.dump());
  for (const auto& entry : fs::directory_iterator(folders.outside()))
    CHECK(entry.path().filename().string().starts_with("secret"));
}
