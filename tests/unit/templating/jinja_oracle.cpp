#include "tests/unit/templating/jinja_oracle.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace noetl::templating {

std::vector<Json> ask_jinja(const std::vector<Case>& cases, std::string& why) {
  const std::string interpreter = "/usr/bin/python3";
  if (std::system((interpreter + " -c 'import jinja2' 2>/dev/null").c_str()) != 0) {
    why = "python3-jinja2 is missing: apt-get install python3-jinja2 (the oracle runs " + interpreter + ")";
    return {};
  }
  std::string folder = (std::filesystem::temp_directory_path() / "templating-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) {
    why = "cannot make a temporary folder";
    return {};
  }
  {
    std::ofstream in(folder + "/cases");
    for (const Case& each : cases) {
      in << Json{{"source", each.source}, {"scope", *each.scope}}.dump() << '\n';
    }
  }
  const std::string command =
      interpreter + " -W ignore " + NOETL_JINJA_ORACLE + " < " + folder + "/cases > " + folder + "/answers";
  const int status = std::system(command.c_str());
  std::vector<Json> answers;
  std::ifstream out(folder + "/answers");
  for (std::string line; std::getline(out, line);) {
    answers.push_back(Json::parse(line));
  }
  std::filesystem::remove_all(folder);
  if (status != 0 || answers.size() != cases.size()) {
    why = "the oracle ended early: " + std::to_string(answers.size()) + " of " + std::to_string(cases.size()) +
          " answers";
    return {};
  }
  return answers;
}

}  // namespace noetl::templating
