#pragma once
// Options of a tool, rendered: code is full of braces that are no templates (f"{{x}}", ${#list}, '{{.ID}}'), so a text that does
// not parse as a template stays as written, at any depth. Pure; any thread.
#include "shared/engine/context/context.hpp"

namespace noetl::engine {

[[nodiscard]] base::Result<domain::Json> render_for_tool(Context& context, const domain::Json& written);

}  // namespace noetl::engine
