-- @noindex
-- Compare models on selection: an action of the package "Stembridge_Separate selection.lua".

local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "lib/?.lua;" .. package.path
require("actions").compare()
