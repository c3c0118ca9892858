#include "tests/support/postgres_cluster.hpp"

#include <unistd.h>

#include <stdexcept>

#include "tests/support/free_port.hpp"
#include "tests/support/sql.hpp"
#include "tests/support/wait_until.hpp"

namespace noetl::support {
namespace {
using namespace std::chrono_literals;
constexpr const char* server_role = "noetl_server";
constexpr int start_attempts_max = 5;  // another process may take the free port first
}  // namespace

PostgresCluster::PostgresCluster() : user_(ordinary_user()) {
  init();
  for (int attempt = 1;; ++attempt) {
    port_ = free_port();
    try {
      start();
      return;
    } catch (const std::exception&) {
      if (attempt == start_attempts_max) throw;
    }
  }
}

PostgresCluster::~PostgresCluster() {
  try {
    if (server_) server_->send(SIGQUIT);  // immediate: nothing in there is worth a checkpoint
    if (server_) server_->wait(10s);
  } catch (const TimedOut&) {
    // ~Process kills it.
  }
}

void PostgresCluster::init() {
  if (::geteuid() == 0 && ::chown(folder_.path().c_str(), user_.uid, user_.gid) != 0) {
    throw std::runtime_error("cannot give " + folder_.path().string() + " to user " + user_.name);
  }
  run_program({.command = {"initdb", "-D", folder_.path() / "cluster", "-U", "postgres", "-A", "trust", "-E", "UTF8",
                           "--locale=C.UTF-8", "--no-sync"},
               .env = {},
               .log_file = {},
               .work_folder = folder_.path(),
               .user = user_},
              60s);
}

void PostgresCluster::start() {
  const std::string log_file = folder_.path() / "log";
  // Without fsync: the tests kill processes, never the machine. 300 connections: several servers' pools.
  server_ = std::make_unique<Process>(ProcessSettings{
      .command = {"postgres", "-D", folder_.path() / "cluster", "-p", std::to_string(port_), "-h", "127.0.0.1", "-k",
                  folder_.path(), "-c", "fsync=off", "-c", "max_connections=300", "-c", "log_min_messages=warning"},
      .env = {{"LC_ALL", "C.UTF-8"}},
      .log_file = log_file,
      .work_folder = folder_.path(),
      .user = user_,
      .death_signal = SIGQUIT});
  wait_until("Postgres on port " + std::to_string(port_), 30s, [&] {
    if (!server_->is_running()) return true;
    return sql_number(url("postgres"), "select 1") == 1;
  });
  if (!server_->is_running()) throw std::runtime_error("Postgres did not start: " + read_text(log_file));
}

void PostgresCluster::stop() {
  server_->send(SIGINT);
  server_->wait(30s);
}

void PostgresCluster::restart() {
  stop();
  start();
}

void PostgresCluster::terminate_backends() {
  sql(url("postgres"),
      "select pg_terminate_backend(pid) from pg_stat_activity"
      " where pid <> pg_backend_pid() and backend_type = 'client backend'");
}

std::string PostgresCluster::url(const std::string& database) const {
  return "postgresql://postgres@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

std::string PostgresCluster::create_database() {
  const std::string name = "test_" + std::to_string(++databases_made_);
  if (databases_made_ == 1) sql(url("postgres"), std::string("create role ") + server_role + " login");
  sql(url("postgres"), "create database " + name + " owner " + server_role);
  return url(name);
}

std::string PostgresCluster::as_server(std::string url) { return url.replace(url.find("postgres@"), 8, server_role); }

std::string PostgresCluster::log() const { return read_text(folder_.path() / "log"); }

PostgresCluster& shared_postgres() {
  static PostgresCluster cluster;
  return cluster;
}

}  // namespace noetl::support
