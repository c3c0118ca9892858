// Tools that start programs, and those that look things up: exec, container, artifact, secrets.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <thread>

#include "support.hpp"
#include "tests/support/open_reach.hpp"
#include "worker/tools/builtin/artifact_tool.hpp"
#include "worker/tools/builtin/secrets_tool.hpp"
#include "worker/tools/containers/container_tool.hpp"
#include "worker/tools/programs/exec_tool.hpp"

namespace noetl::tools {

namespace {

// A folder with programs of the test's own.
class Programs {
 public:
  Programs() { std::filesystem::create_directories(folder_); }
  ~Programs() { std::filesystem::remove_all(folder_); }
  std::string make(const std::string& name, const std::string& text) const {
    const auto path = folder_ / name;
    std::ofstream(path) << text;
    chmod(path.c_str(), 0755);
    return path.string();
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }

 private:
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("noetl-programs-" + std::to_string(getpid()));
};

ToolResult run_program(const std::string& path, ToolCall call, ToolLimits limits = {}) {
  ExecTool tool("own", path, limits);
  return tool.run(call);
}

struct Credentials final : CredentialSource {
  base::Result<Credential> find(const std::string& name) override {
    if (name != "known") return base::failure(base::ErrorCode::not_found, "no credential '" + name + "'");
    return Credential{.name = name, .type = "bearer", .data = {{"token", "t0p"}, {"user", "me"}}};
  }
};

struct Results final : ResultSource {
  base::Result<std::string> keep(std::string json) override {
    kept.push_back(Json::parse(json));
    return "noetl://result/" + std::to_string(1000 + kept.size());
  }
  base::Result<Json> fetch(const std::string& reference) override {
    ++fetched;
    if (on_fetch) on_fetch();
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (reference == "noetl://result/" + std::to_string(1001 + i)) return kept[i];
    }
    if (reference != "noetl://result/7")
      return base::failure(base::ErrorCode::not_found, "no result '" + reference + "'");
    return Json{{"items", {1, 2, 3}}};
  }
  std::vector<Json> kept;
  int fetched = 0;
  std::function<void()> on_fetch;
};

}  // namespace

TEST_CASE("a program reads its call from stdin and writes its result to stdout") {
  const Programs programs;
  const std::string path =
      programs.make("double", "#!/bin/sh\nexec " + python_path() +
                                  " -c '\n"
                                  "import json, sys\n"
                                  "call = json.load(sys.stdin)\n"
                                  "print(\"working\", file=sys.stderr)\n"
                                  "json.dump({\"result\": [call[\"input\"][\"n\"] * 2, "
                                  "call[\"tool\"][\"kind\"], call[\"context\"][\"step\"]]}, sys.stdout)'\n");

  const ToolResult ran = run_program(path, call_of({{"kind", "own"}}, {{"n", 21}}));

  REQUIRE_MESSAGE(!ran.error, ran.error->message);
  CHECK(Json::parse(ran.result) == Json{42, "own", "test_step"});
  CHECK(ran.output == "working\n");
}

TEST_CASE("a program says what went wrong, or its exit code does") {
  const Programs programs;
  const ToolResult said =
      run_program(programs.make("limited",
                                "#!/bin/sh\necho '{\"error\": {\"kind\": \"rate_limit\", \"message\": "
                                "\"slowly\", \"retryable\": true, \"status\": 429}}'\n"),
                  call_of({}));
  CHECK(error_kind(said) == "rate_limit");
  CHECK(said.error->is_retryable);
  CHECK(said.error->status == 429);
  CHECK(error_kind(run_program(programs.make("exits", "#!/bin/sh\necho oh >&2\nexit 3\n"), call_of({}))) ==
        "exit_code");
  CHECK(error_kind(run_program(programs.make("talks", "#!/bin/sh\necho hello\n"), call_of({}))) == "invalid_result");
  CHECK(error_kind(run_program("/no/such/program", call_of({}))) == "unsupported");
  CHECK(error_kind(run_program(programs.make("floods", "#!/bin/sh\nhead -c 100000 /dev/zero | tr '\\0' x\n"),
                               call_of({}), {.result_bytes_max = 1000, .reach = nullptr})) == "output_limit");
}

TEST_CASE("a program ends with its deadline and with a stop") {
  const Programs programs;
  const std::string path = programs.make("sleeps", "#!/bin/sh\nexec sleep 60\n");
  CHECK(error_kind(run_program(path, call_of({}, Json::object(), 200ms))) == "timeout");
  std::stop_source source;
  ToolCall call = call_of({});
  call.stop = source.get_token();
  std::jthread stopper([&] { source.request_stop(); });
  CHECK(run_program(path, call).outcome == domain::Outcome::cancelled);
  CHECK(living_children_of_ours() == 0);
}

TEST_CASE("an image is run by the program of the machine, its secrets in no argument") {
  // Stands for docker: shows how it was called. The real one is tried where a daemon runs.
  const Programs programs;
  const std::string fake = programs.make("docker", "#!/bin/sh\nprintf '%s\\n' \"$@\"\ncat >&2\n");
  ContainerTool tool({.limits = {},
                      .program = fake,
                      .rules = {.images = {}, .mounts = {"/usr:ro", "/tmp"}, .networks = {"none"}, .users = {}}});

  ToolCall call = call_of({{"image", "debian:12"},
                           {"command", "echo hi"},
                           {"env", {{"TOKEN", "s3cret"}}},
                           {"mounts", {"/usr/lib:/b", {{"source", "/tmp"}, {"target", "/d"}}}},
                           {"network", "none"}});
  call.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const ToolResult ran = tool.run(call);

  const std::string arguments = Json::parse(ran.result)["stdout"];
  for (const char* expected :
       {"run\n--rm\n", "--env-file=/dev/stdin\n", "--volume=/usr/lib:/b:ro\n", "--volume=/tmp:/d\n", "--network=none\n",
        "--cap-drop=ALL\n", "debian:12\n/bin/sh\n-c\necho hi\n"}) {
    CHECK_MESSAGE(arguments.find(expected) != std::string::npos, arguments);
  }
  CHECK(arguments.find("s3cret") == std::string::npos);
  CHECK(Json::parse(ran.result)["stderr"] == "NOETL_INPUT={}\nTRACEPARENT=" + call.traceparent + "\nTOKEN=s3cret\n");
  call.tool["env"] = {{"TOKEN", "two\nlines"}};
  CHECK(error_kind(tool.run(call)) == "invalid_input");
}

TEST_CASE("failures of the container's program have kinds, and a late container is removed") {
  const Programs programs;
  const auto kind_of = [&](const std::string& name, const std::string& text) {
    ContainerTool tool({.limits = {}, .program = programs.make(name, "#!/bin/sh\n" + text), .rules = {}});
    return error_kind(tool.run(call_of({{"image", "x"}})));
  };
  CHECK(kind_of("a", "echo 'Cannot connect to the Docker daemon' >&2; exit 125") == "connection");
  CHECK(kind_of("b", "echo \"Unable to find image 'x:latest' locally\" >&2; exit 125") == "not_found");
  CHECK(kind_of("c", "exit 7") == "exit_code");
  ContainerTool none({.limits = {}, .program = "/no/such/docker", .rules = {}});
  CHECK(error_kind(none.run(call_of({{"image", "x"}}))) == "unsupported");
  CHECK(error_kind(none.run(call_of({{"image", "x"}}))) == "unsupported");

  const std::string removed = programs.path("removed");
  ContainerTool late({.limits = {},
                      .program = programs.make("d", "#!/bin/sh\nif [ \"$1\" = rm ]; then echo \"$@\" > " + removed +
                                                        "; else exec sleep 60; fi\n"),
                      .rules = {}});
  CHECK(error_kind(late.run(call_of({{"image", "x"}}, Json::object(), 200ms))) == "timeout");
  std::ifstream file(removed);
  std::string line;
  std::getline(file, line);
  CHECK(line.find("rm --force noetl-") == 0);
}

TEST_CASE("a stored result is read by its reference") {
  ArtifactTool tool(ToolLimits{});
  Results results;
  const auto run = [&](Json options, Json input = Json::object()) {
    ToolCall call = call_of(std::move(options), std::move(input));
    call.results = &results;
    return tool.run(call);
  };

  CHECK(Json::parse(run({{"action", "get"}}, {{"result_ref", "noetl://result/7"}}).result)["data"] ==
        Json{{"items", {1, 2, 3}}});
  CHECK(Json::parse(run({{"uri", {{"ref", "noetl://result/7"}}}}).result)["status"] == "success");
  CHECK(error_kind(run({{"result_ref", "noetl://result/8"}})) == "not_found");
  CHECK(error_kind(run({{"result_ref", ""}})) == "invalid_input");
  CHECK(error_kind(run({{"action", "put"}, {"result_ref", "x"}})) == "invalid_input");
  CHECK(error_kind(tool.run(call_of({{"result_ref", "x"}}))) == "unsupported");
}

TEST_CASE("a streamed body is read back whole, or written to a file, or too large to be handed on") {
  Results results;
  (void)results.keep(R"({"base64":"eyJhIjpb"})");
  (void)results.keep(R"({"base64":"MSwyXX0="})");
  (void)results.keep(
      R"({"streamed":{"size":11,"content_type":"application/json","encoding":"base64","parts":["noetl://result/1001","noetl://result/1002"]}})");
  const Programs programs;
  const std::string path = programs.make("body.json", "");
  const auto get = [&](Json options, std::size_t bytes_max) {
    options["result_ref"] = "noetl://result/1003";
    ToolCall call = call_of(std::move(options));
    call.results = &results;
    return ArtifactTool({.result_bytes_max = bytes_max, .reach = support::open_reach()}).run(call);
  };

  CHECK(Json::parse(get({}, 4096).result)["data"] == Json{{"a", {1, 2}}});
  CHECK(error_kind(get({}, 10)) == "output_limit");
  const Json written = Json::parse(get({{"path", path}}, 10).result);
  CHECK(written["size"] == 11);
  std::ifstream file(path);
  CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == R"({"a":[1,2]})");
  results.kept[1] = Json{{"base64", "?"}};
  CHECK(error_kind(get({}, 4096)) == "internal");
  CHECK(error_kind(get({{"path", "/nowhere/at/all"}}, 4096)) == "invalid_input");
}

TEST_CASE("a streamed body that is in another charset, or no text at all, is read back without loss") {
  const auto get = [](const std::string& type, const std::string& base64) {
    Results results;
    (void)results.keep(Json{{"base64", base64}}.dump());
    (void)results.keep(
        Json{{"streamed", {{"size", 3}, {"content_type", type}, {"parts", {"noetl://result/1001"}}}}}.dump());
    ToolCall call = call_of({{"result_ref", "noetl://result/1002"}});
    call.results = &results;
    return Json::parse(ArtifactTool({.result_bytes_max = 4096, .reach = nullptr}).run(call).result);
  };

  CHECK(get("text/plain; charset=iso-8859-1", "S/Zr")["data"] == "Kök");
  CHECK(get("text/plain", "S/Zr")["data"].is_null());
  CHECK(get("text/plain", "S/Zr")["data_b64"] == "S/Zr");
  CHECK(get("image/png", "iVBO")["data_b64"] == "iVBO");
}

TEST_CASE("what says itself how small it is, is bounded by what is read of it") {
  Results results;
  (void)results.keep(Json{{"base64", std::string(4000, 'A')}}.dump());
  (void)results.keep(Json{{"streamed", {{"size", 1}, {"parts", Json(100, "noetl://result/1001")}}}}.dump());
  (void)results.keep(
      Json{{"streamed", {{"size", "x"}, {"content_type", 7}, {"parts", {"noetl://result/1001"}}}}}.dump());
  ToolCall call = call_of({{"result_ref", "noetl://result/1002"}});
  call.results = &results;
  ArtifactTool tool({.result_bytes_max = 10'000, .reach = nullptr});

  CHECK(error_kind(tool.run(call)) == "output_limit");
  CHECK(results.fetched == 5);  // the body, and parts of 3000 bytes up to the bound
  call.tool["result_ref"] = "noetl://result/1003";
  CHECK(error_kind(tool.run(call)) == "none");
}

TEST_CASE("a body of many parts ends with its deadline, its own timeout and with a stop") {
  Results results;
  (void)results.keep(R"({"base64":"eyJhIjpb"})");
  (void)results.keep(Json{{"streamed", {{"size", 1}, {"parts", Json(1000, "noetl://result/1001")}}}}.dump());
  ArtifactTool tool({.result_bytes_max = 1'000'000, .reach = nullptr});
  ToolCall call = call_of({{"result_ref", "noetl://result/1002"}});
  call.results = &results;
  std::stop_source source;
  call.stop = source.get_token();
  results.on_fetch = [&] {
    if (results.fetched == 3) source.request_stop();
  };

  CHECK(error_kind(tool.run(call)) == "cancelled");
  CHECK(results.fetched == 3);

  call.stop = {};
  results.fetched = 0;
  std::chrono::steady_clock::time_point began{};
  results.on_fetch = [&] {  // the third answer takes longer than the call has
    while (results.fetched == 3 && std::chrono::steady_clock::now() - began < 300ms) std::this_thread::yield();
  };
  call.tool["timeout"] = 0.25;
  began = std::chrono::steady_clock::now();
  CHECK(error_kind(tool.run(call)) == "timeout");
  CHECK(results.fetched == 3);
  call.tool.erase("timeout");
  call.deadline = std::chrono::steady_clock::now();
  CHECK(error_kind(tool.run(call)) == "timeout");
}

TEST_CASE("the end of what a program printed goes into its error by whole lines") {
  const Programs programs;
  const std::string secret = "s3cret-" + std::string(60, 'k');
  const std::string lines = "key " + secret + "\n" + std::string(470, 'x') + "\n";
  const std::string path = programs.make("prints", "#!/bin/sh\ncat >&2 <<'END'\n" + lines + "END\nexit 3\n");

  const ToolResult ran = run_program(path, call_of({}));

  REQUIRE(error_kind(ran) == "exit_code");
  CHECK(ran.error->message == "tool own exited with code 3: " + std::string(470, 'x') + "\n");
  const std::string one_line =
      programs.make("prints_one", "#!/bin/sh\nprintf '" + std::string(600, 'k') + "' >&2\nexit 3\n");
  CHECK(run_program(one_line, call_of({})).error->message == "tool own exited with code 3");
}

TEST_CASE("secrets stay out of the result unless they are asked for") {
  setenv("NOETL_TEST_SECRET_A", "hidden", 1);
  setenv("OTHER_SECRET", "hidden", 1);
  SecretsTool tool("NOETL_TEST_*,ONE");
  Credentials credentials;
  const auto run = [&](Json options) {
    ToolCall call = call_of(std::move(options));
    call.credentials = &credentials;
    return tool.run(call);
  };
  const auto result = [&](Json options) { return Json::parse(run(std::move(options)).result); };

  const Json plain = result({{"provider", "env"}, {"name", "NOETL_TEST_SECRET_A"}});
  CHECK(plain["found"] == true);
  CHECK(plain.dump().find("hidden") == std::string::npos);
  CHECK(result({{"provider", "env"}, {"name", "NOETL_TEST_SECRET_A"}, {"reveal", true}})["value"] == "hidden");
  CHECK(result({{"provider", "env"}, {"name", "OTHER_SECRET"}, {"reveal", true}})["found"] == false);
  CHECK(result({{"provider", "env"}, {"name", "NOETL_TEST_NONE"}})["found"] == false);
  CHECK(error_kind(run({{"provider", "env"}, {"name", "OTHER_SECRET"}, {"required", true}})) == "not_found");
  CHECK(result({{"name", "known"}, {"key", "token"}, {"reveal", true}})["value"] == "t0p");
  CHECK(result({{"name", "known"}})["found"] == true);
  CHECK(result({{"name", "unknown"}})["found"] == false);
  CHECK(error_kind(run({{"provider", "vault"}, {"name", "x"}})) == "unsupported");
}

}  // namespace noetl::tools
