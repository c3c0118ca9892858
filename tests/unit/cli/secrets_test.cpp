// What the command line does for secrets: a key file that only its owner reads, and no secret among the arguments.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "cli/command_line.hpp"
#include "cli/dev/encryption_key.hpp"

namespace noetl::cli {
namespace {

struct TemporaryFolder {
  std::string path = std::filesystem::temp_directory_path() / ("noetl-cli-secrets-" + std::to_string(getpid()));
  TemporaryFolder() { std::filesystem::create_directories(path); }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
};

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Run {
  int code = 0;
  std::string out, err;
};

// Against a port where nobody listens: what is refused is refused before a server is asked.
Run run_command_line(std::vector<std::string> arguments) {
  std::ostringstream out, err;
  arguments.insert(arguments.begin(), {"--server-url", "http://127.0.0.1:1", "--retries", "0"});
  Programs programs;
  programs.version = "1.2.3";
  const int code = run(arguments, programs, {.out = out, .err = err}, {});
  return {code, out.str(), err.str()};
}

}  // namespace

TEST_CASE("the key file is made once, whole, and for its owner alone") {
  const TemporaryFolder folder;

  const auto path = dev::encryption_key_file(folder.path);
  const auto first = text_of(path);
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);

  CHECK((status.st_mode & 0777) == 0600);
  CHECK(first.size() == 65);
  CHECK(first.find_first_not_of("0123456789abcdef") == 64);
  CHECK(dev::encryption_key_file(folder.path) == path);
  CHECK(text_of(path) == first);

  std::filesystem::remove(path);
  CHECK(text_of(dev::encryption_key_file(folder.path)) != first);
}

TEST_CASE("a key file that was half written is not taken for one") {
  const TemporaryFolder folder;
  std::ofstream(folder.path + "/encryption.key.new") << "half";

  CHECK(text_of(dev::encryption_key_file(folder.path)).size() == 65);
}

TEST_CASE("a secret on the command line is refused and not repeated") {
  const auto refused = run_command_line({"credential", "put", "x", "--data", R"({"password":"hunter2hunter2"})"});

  CHECK(refused.code == exit_usage);
  CHECK(refused.err.find("stdin") != std::string::npos);
  CHECK((refused.out + refused.err).find("hunter2") == std::string::npos);
}

TEST_CASE("a file that is no JSON object is refused without being shown; a variable that is missing is named") {
  const TemporaryFolder folder;
  std::ofstream(folder.path + "/x.json") << R"({"password": hunter2hunter2})";

  const auto broken = run_command_line({"credential", "put", "x", "--data", "@" + folder.path + "/x.json"});
  const auto missing = run_command_line({"credential", "put", "x", "--from-env", "password=NOETL_TEST_NO_SUCH"});

  CHECK(broken.code == exit_usage);
  CHECK((broken.out + broken.err).find("hunter2") == std::string::npos);
  CHECK(missing.code == exit_usage);
  CHECK(missing.err.find("NOETL_TEST_NO_SUCH") != std::string::npos);
}

}  // namespace noetl::cli
