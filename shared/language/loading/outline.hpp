#pragma once
// Outline: what must be known of a playbook before its parts are read: the names that others may refer
// to. Referring to a name that is not there is an error wherever it happens. One thread.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "shared/language/loading/field.hpp"

namespace noetl::language {

class Outline {
 public:
  // Reads step and workbook names; duplicates and missing names become errors.
  Outline(const Field& workflow, const Field& workbook, Findings& findings);

  // Errors unless `name` is a step; remembers that it is reached.
  void expect_step(const Field& field, const std::string& name, Findings& findings);
  // Errors unless `name` is a workbook entry or a template.
  void expect_workbook_entry(const Field& field, const std::string& name, Findings& findings) const;

  [[nodiscard]] bool has_step(const std::string& name) const { return steps_.contains(name); }
  [[nodiscard]] bool is_reached(const std::string& name) const { return reached_.contains(name); }

 private:
  std::map<std::string, SourceMark> steps_;
  std::map<std::string, SourceMark> entries_;
  std::set<std::string> reached_;
};

}  // namespace noetl::language
