#include "cli/dev/dev_folder.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "cli/dev/private_file.hpp"

namespace noetl::dev {
namespace {

// A folder that is gone when the test is over.
struct TemporaryFolder {
  std::string path = std::filesystem::temp_directory_path() / ("noetl-dev-folder-" + std::to_string(getpid()));
  TemporaryFolder() = default;
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
};

TEST_CASE("a data folder belongs to one holder, and looking takes nothing") {
  const TemporaryFolder folder;
  DevFolder second(folder.path);
  {
    DevFolder first(folder.path);
    CHECK_FALSE(second.is_held());

    CHECK(first.lock().has_value());

    CHECK(second.is_held());
    CHECK(second.lock().error().code == base::ErrorCode::conflict);
  }

  CHECK_FALSE(second.is_held());
  CHECK(second.lock().has_value());
}

TEST_CASE("what a stack wrote down is read back, and a damaged file counts as none") {
  const TemporaryFolder folder;
  const DevFolder data(folder.path);
  CHECK(data.read_state().empty());

  data.write_state({{"server_port", 1}});

  CHECK(data.read_state().at("server_port") == 1);
}

TEST_CASE("logs, dev.json and logins are their owner's alone, whatever the umask") {
  const mode_t before = umask(0);
  const TemporaryFolder folder;
  const DevFolder data(folder.path);
  data.write_state({{"server_port", 1}});
  write_private_file(folder.path + "/login", random_hex());
  umask(before);

  const auto others = [&](const std::string& name) {
    using std::filesystem::perms;
    return std::filesystem::status(folder.path + "/" + name).permissions() & (perms::group_all | perms::others_all);
  };

  CHECK(others("logs") == std::filesystem::perms::none);
  CHECK(others("dev.json") == std::filesystem::perms::none);
  CHECK(others("login") == std::filesystem::perms::none);
  CHECK(random_hex().size() == 64);
  CHECK(random_hex() != random_hex());
}

}  // namespace
}  // namespace noetl::dev
