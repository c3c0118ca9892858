#include "cli/dev/private_postgres.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <system_error>
#include <vector>

#include "cli/dev/machine.hpp"
#include "cli/dev/private_file.hpp"
#include "cli/interruptible_wait.hpp"

namespace noetl::dev {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::failure;
using std::chrono::milliseconds;

constexpr milliseconds initdb_patience{120'000};
constexpr milliseconds start_patience{60'000};
// Says which role is the server's. In clusters of before it is missing: their role noetl is the superuser that made them.
constexpr const char* server_role_mark = "noetl_role";
constexpr const char* server_role = "noetl_server";
constexpr const char* former_server_role = "noetl";
// The password of the role playbook; clusters of before get the role when they start again.
constexpr const char* playbook_mark = "playbook_role";
constexpr std::size_t socket_path_max = 80;  // the system allows 107 with the socket's own name

struct Places {
  std::string cluster;
  std::string socket_folder;
  std::optional<Account> account;
};

void own_folder(const std::string& folder, const std::optional<Account>& account) {
  fs::create_directories(folder);
  if (account && chown(folder.c_str(), account->uid, account->gid) != 0) {
    throw std::system_error(errno, std::generic_category(), "chown " + folder);
  }
  fs::permissions(folder, fs::perms::owner_all);
}

std::string hash_text(const std::string& text) {
  // Kept stable between starts and builds: FNV-1a.
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return std::to_string(hash);
}

// The data folder, unless the ordinary user cannot get there (below /root, say).
Places choose_places(const DevFolder& data, const cli::Output& output) {
  Places places{.cluster = {}, .socket_folder = {}, .account = ordinary_user()};
  std::string home = data.path();
  if (places.account && !can_reach(*places.account, home)) {
    home = "/var/lib/noetl-dev/" + hash_text(data.path());
    fs::create_directories(home);
    output.note("user " + places.account->name + " cannot enter " + data.path() + ": the Postgres cluster is in " +
                home);
  }
  places.cluster = home + "/postgres";
  places.socket_folder = home + "/postgres-socket";
  if (places.socket_folder.size() > socket_path_max) places.socket_folder = "/tmp/noetl-dev-" + hash_text(data.path());
  own_folder(places.socket_folder, places.account);
  return places;
}

std::map<std::string, std::string> clean_environment() {
  return {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"LC_ALL", "C.UTF-8"}, {"TZ", "UTC"}};
}

std::string random_word() {
  std::random_device device;
  std::string word;
  for (int i = 0; i < 32; ++i) word += "abcdefghijklmnopqrstuvwxyz234567"[device() % 32];
  return word;
}

base::Result<void> run_to_end(Launch launch, milliseconds patience) {
  const std::string log_file = launch.log_file;
  ChildProcess process(std::move(launch));
  if (process.wait(patience) && process.has_succeeded()) return {};
  process.stop(milliseconds{1000});
  return failure(ErrorCode::unavailable, process.name() + " " + process.end_text() + "; the end of " + log_file +
                                             ":\n" + log_tail(log_file, 15));
}

// Statements, one in each line, for a cluster that nobody else uses.
base::Result<void> run_alone(DevFolder& data, const Places& places, const std::string& postgres,
                             const std::string& cluster, std::string statements) {
  return run_to_end({.name = "create roles and databases",
                     .arguments = {postgres, "--single", "-D", cluster, "postgres"},
                     .environment = clean_environment(),
                     .log_file = data.log_file("postgres"),
                     .input = std::move(statements),
                     .account = places.account},
                    initdb_patience);
}

// initdb and the database, in a folder beside that gets its name only when all is done: an interrupted
// first start leaves no half cluster behind.
base::Result<void> make_cluster(DevFolder& data, const Places& places, const std::string& initdb,
                                const std::string& postgres) {
  const std::string making = places.cluster + ".new";
  fs::remove_all(making);
  own_folder(making, places.account);
  const std::string password_file = places.socket_folder + "/password";
  const std::string password = random_word();
  std::ofstream(password_file) << password << '\n';
  fs::permissions(password_file, fs::perms::owner_read | fs::perms::owner_write);
  if (places.account && chown(password_file.c_str(), places.account->uid, places.account->gid) != 0) {
    throw std::system_error(errno, std::generic_category(), "chown " + password_file);
  }
  Launch launch{.name = "initdb",
                .arguments = {initdb, "-D", making, "-U", "postgres", "--encoding=UTF8", "--locale=C.UTF-8",
                              "--auth-local=trust", "--auth-host=scram-sha-256", "--pwfile=" + password_file},
                .environment = clean_environment(),
                .log_file = data.log_file("postgres"),
                .account = places.account};
  if (auto made = run_to_end(launch, initdb_patience); !made) return made;
  fs::rename(password_file, data.path() + "/postgres-password");
  // The server's role owns its database and is no superuser, as in production. It is not named like its schema, which would be the
  // first place where its tables land.
  auto made = run_alone(data, places, postgres, making,
                        std::string("create role ") + server_role + " login password '" + password +
                            "';\ncreate database noetl owner " + server_role +
                            ";\nrevoke all on database noetl from public;\n");
  if (!made) return made;
  std::ofstream(making + "/" + server_role_mark) << server_role << '\n';
  fs::rename(making, places.cluster);
  return {};
}

// Steps that name no database have one of their own, and no way into the server's.
base::Result<void> make_playbook_role(DevFolder& data, const Places& places, const std::string& postgres) {
  const std::string mark = places.cluster + "/" + playbook_mark;
  const std::string password = random_word();
  auto made =
      run_alone(data, places, postgres, places.cluster,
                "create role playbook login password '" + password +
                    "';\ncreate database playbook owner playbook;\nrevoke all on database playbook from public;\n");
  if (!made) return made;
  write_private_file(mark, password + '\n');
  if (places.account &&
      chown(mark.c_str(), places.account->uid, places.account->gid) != 0)  // a backup of the cluster reads it
    throw std::system_error(errno, std::generic_category(), "chown " + mark);
  return {};
}

std::string first_line_of(const std::string& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

// The last line of postmaster.pid says "ready" once connections are accepted.
bool is_ready(const Places& places, pid_t pid) {
  std::ifstream file(places.cluster + "/postmaster.pid");
  std::string first, line, last;
  std::getline(file, first);
  while (std::getline(file, line)) last = line;
  return first == std::to_string(pid) && last.starts_with("ready");
}

base::Result<void> wait_until_ready(ChildProcess& process, const Places& places, const std::stop_token& stop) {
  const auto give_up = std::chrono::steady_clock::now() + start_patience;
  while (!is_ready(places, process.pid())) {
    if (process.wait(milliseconds{0}) || std::chrono::steady_clock::now() > give_up) {
      return failure(ErrorCode::unavailable, "Postgres " + process.end_text() + " before it was ready; the end of " +
                                                 process.log_file() + ":\n" + log_tail(process.log_file(), 15));
    }
    if (!cli::wait_unless_stopped(stop, milliseconds{20})) return failure(ErrorCode::cancelled, "interrupted");
  }
  return {};
}

}  // namespace

base::Result<PrivatePostgres> start_postgres(DevFolder& data, const cli::Output& output, const std::stop_token& stop) {
  const auto initdb = find_program("initdb");
  const auto postgres = find_program("postgres");
  if (!initdb || !postgres) {
    return failure(ErrorCode::not_found,
                   "initdb and postgres are neither in PATH nor in /usr/lib/postgresql/*/bin: install postgresql");
  }
  const Places places = choose_places(data, output);
  if (!fs::exists(places.cluster + "/PG_VERSION")) {
    output.note("making a Postgres cluster in " + places.cluster);
    if (auto made = make_cluster(data, places, *initdb, *postgres); !made) return failure(std::move(made.error()));
  }
  if (!fs::exists(places.cluster + "/" + playbook_mark)) {
    if (auto made = make_playbook_role(data, places, *postgres); !made) return failure(std::move(made.error()));
  }
  const auto role = first_line_of(places.cluster + "/" + server_role_mark);
  PrivatePostgres running;
  running.has_superuser_role = role.empty();
  running.folder = places.cluster;
  running.port = choose_port(data.read_state().value("postgres_port", 0), 5432);
  const std::string over_socket = "host='" + places.socket_folder + "' port='" + std::to_string(running.port) + "'";
  running.database_url =
      over_socket + " dbname='noetl' user='" + (role == server_role ? server_role : former_server_role) + "'";
  running.playbook_url = "postgresql://playbook:" + first_line_of(places.cluster + "/" + playbook_mark) +
                         "@127.0.0.1:" + std::to_string(running.port) + "/playbook";
  running.playbook_socket_url = over_socket + " dbname='playbook' user='playbook'";
  running.process = std::make_unique<ChildProcess>(Launch{
      .name = "Postgres",
      .arguments = {*postgres, "-D", places.cluster, "-c", "listen_addresses=127.0.0.1", "-c",
                    "port=" + std::to_string(running.port), "-c", "unix_socket_directories=" + places.socket_folder,
                    "-c", "fsync=on", "-c", "logging_collector=off"},
      .environment = clean_environment(),
      .log_file = data.log_file("postgres"),
      .account = places.account,
      .stop_signal = SIGINT});  // fast shutdown: SIGTERM would wait for every client
  if (auto ready = wait_until_ready(*running.process, places, stop); !ready) return failure(std::move(ready.error()));
  return running;
}

}  // namespace noetl::dev
