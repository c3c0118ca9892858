#pragma once
// Object: what a rendering makes that JSON cannot hold: a namespace, a loop, a macro, a function. The
// Renderer owns it until the rendering ends. One thread.
#include <string>

#include "shared/templating/values/value.hpp"

namespace noetl::templating {

struct Arguments;
class Renderer;

class Object {
 public:
  Object() = default;
  virtual ~Object() = default;
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  // What str() shows.
  [[nodiscard]] virtual std::string describe() const = 0;
  // Undefined when there is no such attribute.
  [[nodiscard]] virtual Value attribute(const std::string& name) const {
    (void)name;
    return {};
  }
  // obj(…); fails unless overridden.
  virtual Value call(Renderer& renderer, const Arguments& arguments);
  // obj.name(…): calls the attribute unless overridden.
  virtual Value call_method(Renderer& renderer, const std::string& name, const Arguments& arguments);
  // {% set obj.name = value %}; fails unless overridden.
  virtual void assign(const std::string& name, Value value);
  // Whether `callable` holds.
  [[nodiscard]] virtual bool is_callable() const { return true; }
  [[nodiscard]] virtual bool is_mapping() const { return false; }
};

}  // namespace noetl::templating
