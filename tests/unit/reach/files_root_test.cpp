// FilesRoot with the kernel's openat2 and without it: what is beneath the folder is opened, nothing else.
#include "shared/reach/files_root.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <thread>

#include "tests/support/temporary_folder.hpp"

using namespace noetl;
namespace fs = std::filesystem;

namespace {

struct Folders {
  Folders() {
    fs::create_directories(root() / "a" / "b");
    fs::create_directories(folder.path() / "outside");
    support::write_text(root() / "a" / "in.txt", "inside");
    support::write_text(folder.path() / "outside" / "x.txt", "outside");
    fs::create_symlink(folder.path() / "outside" / "x.txt", root() / "link.txt");
    fs::create_symlink("../../outside/x.txt", root() / "a" / "relative.txt");
    fs::create_directory_symlink(folder.path() / "outside", root() / "linked");
    REQUIRE(mkfifo((root() / "pipe").c_str(), 0600) == 0);
  }
  [[nodiscard]] fs::path root() const { return folder.path() / "root"; }
  support::TemporaryFolder folder;
};

}  // namespace

TEST_CASE("files are opened beneath the root by relative and absolute paths, and by no way out of it") {
  const Folders folders;
  for (const bool uses_openat2 : {true, false}) {
    CAPTURE(uses_openat2);
    const reach::FilesRoot root(folders.root(), uses_openat2);
    for (const std::string& path : {std::string("a/in.txt"), (folders.root() / "a/in.txt").string(),
                                    std::string("./a/in.txt"), "file://" + (folders.root() / "a/in.txt").string()}) {
      CAPTURE(path);
      const auto file = root.open(path, "files");
      REQUIRE_MESSAGE(file, file.error().message);
      CHECK(file->read(100) == "inside");
    }
    const std::string outside = (folders.folder.path() / "outside" / "x.txt").string();
    for (const std::string& path :
         {outside, std::string("../outside/x.txt"), std::string("a/../../outside/x.txt"), std::string("link.txt"),
          std::string("a/relative.txt"), std::string("linked/x.txt"), std::string("/proc/self/environ"),
          (folders.root() / "../outside/x.txt").string(), folders.root().string() + "/../root/../outside/x.txt"}) {
      CAPTURE(path);
      const auto file = root.open(path, "files");
      REQUIRE_FALSE(file);
      // Without openat2 a link to a folder is no folder.
      const bool is_refused = file.error().code == base::ErrorCode::invalid_input || !uses_openat2;
      CHECK_MESSAGE(is_refused, file.error().message);
      CHECK_FALSE(root.create(path, "path"));
      CHECK_FALSE(root.resolve(path, "database"));
    }
    CHECK(support::read_text(outside) == "outside");
    CHECK_FALSE(root.open("pipe", "files"));
    CHECK_FALSE(root.open("a", "files"));
    CHECK_FALSE(root.open("", "files"));
    CHECK_FALSE(root.open(std::string("a/in.txt\0x", 10), "files"));
    CHECK(root.open("none.txt", "files").error().code == base::ErrorCode::not_found);
  }
}

TEST_CASE("files are written, renamed and removed beneath the root") {
  const Folders folders;
  const reach::FilesRoot root(folders.root());
  auto file = root.create("a/new.txt", "path");
  REQUIRE(file);
  CHECK(file->write("text"));
  CHECK(file->close());

  CHECK(root.rename("a/new.txt", "a/b/moved.txt"));
  CHECK(support::read_text(folders.root() / "a/b/moved.txt") == "text");
  CHECK_FALSE(root.rename("a/b/moved.txt", "../outside/moved.txt"));
  CHECK(root.resolve("a/b/moved.txt", "database") == (folders.root() / "a/b/moved.txt").string());
  CHECK(root.resolve("a/b/to be made", "database") == (folders.root() / "a/b/to be made").string());
  root.remove("a/b/moved.txt");
  CHECK_FALSE(fs::exists(folders.root() / "a/b/moved.txt"));
}

TEST_CASE("the root is made when the first file is asked for") {
  const support::TemporaryFolder folder;
  const reach::FilesRoot root(folder.path() / "made" / "files");
  CHECK_FALSE(fs::exists(folder.path() / "made"));
  CHECK(root.create("x", "path"));
  CHECK(fs::exists(folder.path() / "made" / "files" / "x"));
}
