#include "tests/support/stack.hpp"
#include "test_paths.hpp"

#include <cstdlib>
#include <iostream>
#include <stdexcept>

namespace noetl::support {
namespace {

using namespace std::chrono_literals;

std::string program(const std::string& name) { return std::filesystem::path(NOETL_BIN_DIR) / name; }

std::map<std::string, std::string> merged(std::map<std::string, std::string> base,
                                          const std::map<std::string, std::string>& over) {
  for (const auto& [name, value] : over) base[name] = value;
  return base;
}

}  // namespace

Stack::Stack(StackSettings settings)
    : settings_(std::move(settings)), database_url_(shared_postgres().create_database()) {
  if (!settings_.is_server_started) return;
  for (int i = 0; i < settings_.servers; ++i) start_server();
  for (int i = 0; i < settings_.workers; ++i) start_worker();
}

Stack::~Stack() {
  if (std::getenv("NOETL_TEST_SHOW_LOGS") == nullptr) return;
  for (std::size_t i = 0; i < servers_.size(); ++i) std::cerr << "--- server " << i << "\n" << server(i).log();
  for (std::size_t i = 0; i < workers_.size(); ++i) std::cerr << "--- worker " << i << "\n" << worker(i).log();
}

HttpClient Stack::api(std::size_t server) const { return HttpClient("127.0.0.1", servers_.at(server).port); }

std::map<std::string, std::string> Stack::common_env() const {
  return merged({{"NOETL_DATABASE_URL", PostgresCluster::as_server(database_url_)},
                 {"NATS_URL", nats_.url()},
                 {"NOETL_HOST", "127.0.0.1"},
                 {"NOETL_LOG_LEVEL", "debug"},
                 // Peers of tests listen on this machine, and their files are in folders of their own.
                 {"NOETL_EGRESS_ALLOW", "loopback,own"},
                 {"NOETL_FILES_ROOT", std::filesystem::temp_directory_path()}},
                settings_.env);
}

std::size_t Stack::start_server(const std::map<std::string, std::string>& env) {
  const std::size_t index = servers_.size();
  servers_.emplace_back();
  launch_server(servers_.back(), index, env);
  return index;
}

void Stack::restart_server(std::size_t index, const std::map<std::string, std::string>& env) {
  auto& server = servers_.at(index);
  if (server.process && server.process->is_running()) throw std::logic_error("the server still runs");
  launch_server(server, index, env);
}

void Stack::launch_server(Server& server, std::size_t index, std::map<std::string, std::string> env) {
  const auto port_file = folder_.path() / ("server" + std::to_string(index) + ".port");
  std::filesystem::remove(port_file);
  env = merged(common_env(), env);
  env["NOETL_PORT"] = std::to_string(server.port);  // 0 the first time: any free one
  env["NOETL_PORT_FILE"] = port_file;
  server.process = std::make_unique<Process>(
      ProcessSettings{.command = {program("noetl-server")},
                      .env = env,
                      .log_file = folder_.path() / ("server" + std::to_string(index) + ".log"),
                      .work_folder = {},
                      .user = {}});
  const auto ended = [&] { return !server.process->is_running(); };
  wait_until("the server's port file", 20s, [&] { return ended() || !read_text(port_file).empty(); });
  if (ended()) throw std::runtime_error("noetl-server did not start: " + server.process->log());
  server.port = std::stoi(read_text(port_file));
  wait_until("/readyz of the server", 20s,
             [&] { return ended() || HttpClient("127.0.0.1", server.port).get("/readyz").status == 200; });
  if (ended()) throw std::runtime_error("noetl-server ended: " + server.process->log());
}

std::size_t Stack::start_worker(const std::map<std::string, std::string>& env) {
  const std::size_t index = workers_.size();
  const auto before = sql_number("select count(*) from noetl.worker");
  auto with = common_env();
  with["SERVER_API_URL"] = api().url();
  // The same tests over NATS (tests/e2e/CMakeLists.txt): then nothing answers at the server's address.
  if (const char* transport = std::getenv("NOETL_TEST_TRANSPORT"); transport != nullptr && *transport != '\0') {
    with["NOETL_WORKER_TRANSPORT"] = transport;
    with["SERVER_API_URL"] = "http://127.0.0.1:1";
  }
  with.try_emplace("NOETL_TOOLS", "all");
  with["NOETL_WORKER_SLOTS"] = std::to_string(settings_.worker_slots);
  workers_.push_back(std::make_unique<Process>(
      ProcessSettings{.command = {program("noetl-worker")},
                      .env = merged(with, env),
                      .log_file = folder_.path() / ("worker" + std::to_string(index) + ".log"),
                      .work_folder = {},
                      .user = {}}));
  auto& worker = *workers_.back();
  wait_until("the worker's registration", 20s,
             [&] { return !worker.is_running() || sql_number("select count(*) from noetl.worker") > before; });
  if (!worker.is_running()) throw std::runtime_error("noetl-worker did not start: " + worker.log());
  return index;
}

std::vector<SqlRow> Stack::sql(const std::string& statement) const { return support::sql(database_url_, statement); }
std::int64_t Stack::sql_number(const std::string& statement) const {
  return support::sql_number(database_url_, statement);
}

std::string Stack::register_playbook(const std::string& yaml) const {
  const auto answer = api().post("/api/catalog/register", {{"content", yaml}, {"resource_type", "Playbook"}});
  if (answer.status / 100 != 2)
    throw std::runtime_error("register: HTTP " + std::to_string(answer.status) + " " + answer.body);
  return answer.json().at("path");
}

std::string Stack::execute(const std::string& path, const nlohmann::json& payload) const {
  const auto answer = api().post("/api/v2/execute", {{"path", path}, {"payload", payload}});
  if (answer.status / 100 != 2)
    throw std::runtime_error("execute: HTTP " + std::to_string(answer.status) + " " + answer.body);
  return answer.json().at("execution_id");
}

nlohmann::json Stack::wait_for_execution(const std::string& execution_id, std::chrono::milliseconds patience) const {
  nlohmann::json execution;
  wait_until("end of execution " + execution_id, patience, [&] {
    execution = api().get("/api/v2/executions/" + execution_id).json();
    return execution.at("status") != "RUNNING";
  });
  return execution;
}

std::vector<std::string> Stack::enqueue(const std::vector<nlohmann::json>& commands) const {
  const auto answer = api().post("/api/v2/commands", {{"commands", commands}});
  if (answer.status / 100 != 2)
    throw std::runtime_error("enqueue: HTTP " + std::to_string(answer.status) + " " + answer.body);
  std::vector<std::string> ids;
  const auto body = answer.json();
  for (const auto& id : body.at("queue_ids")) ids.push_back(id);
  return ids;
}

}  // namespace noetl::support
