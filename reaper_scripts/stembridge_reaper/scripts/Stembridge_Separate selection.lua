-- @description Stembridge: separate audio into stems, sample-exact, on new tracks
-- @author Stembridge
-- @version 0.1.0
-- @about
--   # Stembridge
--
--   Select items, a time selection on tracks, or a razor edit, and run
--   *Stembridge_Separate selection*: minutes later the stems lie on new tracks, on the same
--   samples, in one undo step. Separation is done by MVSEP, or on this computer.
--
--   The scripts need the program `stembridge`: install it, run `stembridge setup reaper` once,
--   and then *Stembridge_Register actions* in REAPER.
-- @provides
--   [main] Stembridge_*.lua
--   [nomain] lib/*.lua
--   [nomain] lib/ui/*.lua

local folder = select(2, reaper.get_action_context()):match("^(.*[/\\])")
package.path = folder .. "lib/?.lua;" .. package.path
require("actions").separate()
