-- Written by `python -m tests.fakes.reaper.luacheckrc` from the stand-in host's table of facts: change that.
-- The scripts run on Lua 5.3 (REAPER 6) and 5.4 (REAPER 7), so they use what both have.
std = "lua53"
max_line_length = 110
unused_args = false
cache = false

local reaper_fields = {}
for _, field in ipairs({
  "APIExists", "AddMediaItemToTrack", "AddProjectMarker", "AddProjectMarker2", "AddRegionOrMarker",
  "AddRemoveReaScript", "AddTakeToMediaItem", "AddTempoTimeSigMarker", "AnyTrackSolo",
  "AudioAccessorStateChanged", "AudioAccessorUpdate", "AudioAccessorValidateState", "Audio_IsRunning",
  "CF_ShellExecute", "CSurf_OnPlayRateChange", "CSurf_OnStop", "ClearConsole", "ClearPeakCache",
  "ColorFromNative", "ColorToNative", "CountAutomationItems", "CountEnvelopePoints",
  "CountEnvelopePointsEx", "CountMediaItems", "CountProjectMarkers", "CountSelectedMediaItems",
  "CountSelectedTracks", "CountSelectedTracks2", "CountTakeEnvelopes", "CountTakes",
  "CountTempoTimeSigMarkers", "CountTrackEnvelopes", "CountTrackMediaItems", "CountTracks",
  "CreateNewMIDIItemInProj", "CreateTakeAudioAccessor", "CreateTrackAudioAccessor", "CreateTrackSend",
  "DeleteEnvelopePointRange", "DeleteEnvelopePointRangeEx", "DeleteExtState", "DeleteProjectMarker",
  "DeleteProjectMarkerByIndex", "DeleteTakeMarker", "DeleteTakeStretchMarkers",
  "DeleteTempoTimeSigMarker", "DeleteTrack", "DeleteTrackMediaItem", "DestroyAudioAccessor",
  "EnumProjExtState", "EnumProjectMarkers", "EnumProjectMarkers2", "EnumProjectMarkers3",
  "EnumProjects", "EnumerateFiles", "EnumerateSubdirectories", "Envelope_Evaluate",
  "Envelope_GetParentTake", "Envelope_GetParentTrack", "Envelope_SortPoints", "ExecProcess",
  "FindTempoTimeSigMarker", "GetActiveTake", "GetAllProjectPlayStates", "GetAppVersion",
  "GetAudioAccessorEndTime", "GetAudioAccessorHash", "GetAudioAccessorSamples",
  "GetAudioAccessorStartTime", "GetAudioDeviceInfo", "GetCurrentProjectInLoadSave", "GetCursorContext",
  "GetCursorContext2", "GetCursorPosition", "GetCursorPositionEx", "GetDisplayedMediaItemColor",
  "GetDisplayedMediaItemColor2", "GetEnvelopeInfo_Value", "GetEnvelopeName", "GetEnvelopePoint",
  "GetEnvelopePointByTime", "GetEnvelopePointEx", "GetEnvelopeScalingMode", "GetEnvelopeStateChunk",
  "GetExePath", "GetExtState", "GetFreeDiskSpaceForRecordPath", "GetHZoomLevel",
  "GetItemProjectContext", "GetItemStateChunk", "GetLastColorThemeFile", "GetLastMarkerAndCurRegion",
  "GetLastTouchedTrack", "GetMainHwnd", "GetMasterTrack", "GetMediaFileMetadata", "GetMediaItem",
  "GetMediaItemInfo_Value", "GetMediaItemNumTakes", "GetMediaItemTake", "GetMediaItemTakeByGUID",
  "GetMediaItemTakeInfo_Value", "GetMediaItemTake_Item", "GetMediaItemTake_Peaks",
  "GetMediaItemTake_Source", "GetMediaItemTake_Track", "GetMediaItemTrack", "GetMediaItem_Track",
  "GetMediaSourceFileName", "GetMediaSourceLength", "GetMediaSourceNumChannels", "GetMediaSourceParent",
  "GetMediaSourceSampleRate", "GetMediaSourceType", "GetMediaTrackInfo_Value", "GetMixerScroll",
  "GetMousePosition", "GetNumRegionsOrMarkers", "GetNumTakeMarkers", "GetNumTracks", "GetOS",
  "GetOutputLatency", "GetParentTrack", "GetPeakFileName", "GetPlayPosition", "GetPlayPositionEx",
  "GetPlayState", "GetPlayStateEx", "GetProjExtState", "GetProjectLength", "GetProjectName",
  "GetProjectPath", "GetProjectPathEx", "GetProjectStateChangeCount", "GetProjectTimeOffset",
  "GetProjectTimeSignature2", "GetResourcePath", "GetSelectedEnvelope", "GetSelectedMediaItem",
  "GetSelectedTrack", "GetSelectedTrack2", "GetSelectedTrackEnvelope", "GetSetEnvelopeInfo_String",
  "GetSetMediaItemInfo_String", "GetSetMediaItemTakeInfo_String", "GetSetMediaTrackInfo_String",
  "GetSetProjectInfo", "GetSetProjectInfo_String", "GetSetProjectNotes", "GetSetRepeat",
  "GetSetRepeatEx", "GetSet_ArrangeView2", "GetSet_LoopTimeRange", "GetSet_LoopTimeRange2",
  "GetSubProjectFromSource", "GetTake", "GetTakeEnvelope", "GetTakeEnvelopeByName", "GetTakeMarker",
  "GetTakeName", "GetTakeNumStretchMarkers", "GetTakeStretchMarker", "GetTakeStretchMarkerSlope",
  "GetTempoTimeSigMarker", "GetThemeColor", "GetToggleCommandState", "GetToggleCommandStateEx",
  "GetTrack", "GetTrackColor", "GetTrackDepth", "GetTrackEnvelope", "GetTrackEnvelopeByChunkName",
  "GetTrackEnvelopeByName", "GetTrackGUID", "GetTrackMediaItem", "GetTrackName",
  "GetTrackNumMediaItems", "GetTrackNumSends", "GetTrackSendInfo_Value", "GetTrackState",
  "GetTrackStateChunk", "GetUserFileNameForRead", "GetUserInputs", "HasExtState", "Help_Set",
  "InsertEnvelopePoint", "InsertEnvelopePointEx", "InsertTrackAtIndex", "InsertTrackInProject",
  "IsMediaExtension", "IsMediaItemSelected", "IsProjectDirty", "IsTrackSelected", "IsTrackVisible",
  "MB", "Main_OnCommand", "Main_OnCommandEx", "Main_SaveProject", "Main_SaveProjectEx",
  "Main_UpdateLoopInfo", "Main_openProject", "MarkProjectDirty", "Master_GetPlayRate",
  "Master_GetPlayRateAtTime", "Master_GetTempo", "MoveEditCursor", "MoveMediaItemToTrack",
  "NamedCommandLookup", "OnPauseButton", "OnPauseButtonEx", "OnPlayButton", "OnPlayButtonEx",
  "OnStopButton", "OnStopButtonEx", "PCM_Source_BuildPeaks", "PCM_Source_CreateFromFile",
  "PCM_Source_CreateFromFileEx", "PCM_Source_CreateFromType", "PCM_Source_Destroy",
  "PCM_Source_GetPeaks", "PCM_Source_GetSectionInfo", "PreventUIRefresh", "ReaScriptError",
  "RecursiveCreateDirectory", "RefreshToolbar", "RefreshToolbar2", "RemoveTrackSend",
  "ReorderSelectedTracks", "ReverseNamedCommandLookup", "ScaleFromEnvelopeMode", "ScaleToEnvelopeMode",
  "SectionFromUniqueID", "SelectAllMediaItems", "SelectProjectInstance", "SetActiveTake",
  "SetCurrentBPM", "SetCursorContext", "SetEditCurPos", "SetEditCurPos2", "SetEnvelopePoint",
  "SetEnvelopeStateChunk", "SetExtState", "SetItemStateChunk", "SetMediaItemInfo_Value",
  "SetMediaItemLength", "SetMediaItemPosition", "SetMediaItemSelected", "SetMediaItemTakeInfo_Value",
  "SetMediaItemTake_Source", "SetMediaTrackInfo_Value", "SetMixerScroll", "SetOnlyTrackSelected",
  "SetProjExtState", "SetProjectMarker", "SetProjectMarker2", "SetProjectMarker3", "SetProjectMarker4",
  "SetTakeMarker", "SetTakeStretchMarker", "SetTakeStretchMarkerSlope", "SetTempoTimeSigMarker",
  "SetToggleCommandState", "SetTrackColor", "SetTrackSelected", "SetTrackSendInfo_Value",
  "SetTrackStateChunk", "ShowConsoleMsg", "ShowMessageBox", "SnapToGrid", "SplitMediaItem",
  "TakeFX_AddByName", "TakeFX_CopyToTake", "TakeFX_CopyToTrack", "TakeFX_Delete", "TakeFX_GetCount",
  "TakeFX_GetEnabled", "TakeFX_GetFXGUID", "TakeFX_GetFXName", "TakeFX_GetNamedConfigParm",
  "TakeFX_GetNumParams", "TakeFX_GetOffline", "TakeFX_GetParam", "TakeFX_SetEnabled",
  "TakeFX_SetNamedConfigParm", "TakeFX_SetOffline", "TakeFX_SetParam", "TakeIsMIDI",
  "TimeMap2_GetDividedBpmAtTime", "TimeMap2_QNToTime", "TimeMap2_beatsToTime", "TimeMap2_timeToBeats",
  "TimeMap2_timeToQN", "TimeMap_GetTimeSigAtTime", "TimeMap_QNToTime", "TimeMap_timeToQN",
  "TrackCtl_SetToolTip", "TrackFX_AddByName", "TrackFX_CopyToTake", "TrackFX_CopyToTrack",
  "TrackFX_Delete", "TrackFX_GetCount", "TrackFX_GetEnabled", "TrackFX_GetFXGUID", "TrackFX_GetFXName",
  "TrackFX_GetInstrument", "TrackFX_GetNamedConfigParm", "TrackFX_GetNumParams", "TrackFX_GetOffline",
  "TrackFX_GetParam", "TrackFX_GetParamNormalized", "TrackFX_GetRecCount", "TrackFX_SetEnabled",
  "TrackFX_SetNamedConfigParm", "TrackFX_SetOffline", "TrackFX_SetParam", "TrackFX_SetParamNormalized",
  "TrackList_AdjustWindows", "Undo_BeginBlock", "Undo_BeginBlock2", "Undo_CanRedo2", "Undo_CanUndo2",
  "Undo_DoRedo2", "Undo_DoUndo2", "Undo_EndBlock", "Undo_EndBlock2", "Undo_OnStateChange",
  "Undo_OnStateChange2", "Undo_OnStateChangeEx", "Undo_OnStateChangeEx2", "Undo_OnStateChange_Item",
  "UpdateArrange", "UpdateItemInProject", "UpdateItemLanes", "UpdateTimeline", "ValidatePtr",
  "ValidatePtr2", "atexit", "defer", "file_exists", "format_timestr", "format_timestr_len",
  "format_timestr_pos", "genGuid", "get_action_context", "get_config_var_string", "get_ini_file",
  "gmem_attach", "gmem_read", "gmem_write", "guidToString", "kbd_getTextFromCmd", "mkpanstr",
  "mkvolstr", "new_array", "parse_timestr", "parse_timestr_len", "parse_timestr_pos", "relative_fn",
  "resolve_fn", "runloop", "set_action_options", "stringToGuid", "time_precise",
}) do
  reaper_fields[field] = {}
end

local gfx_functions = {}
for _, field in ipairs({
  "arc", "blit", "circle", "clienttoscreen", "dock", "drawchar", "drawnumber", "drawstr", "getchar",
  "getdropfile", "getfont", "getimgdim", "getpixel", "gradrect", "h", "init", "line", "lineto",
  "loadimg", "measurechar", "measurestr", "mouse_cap", "mouse_x", "mouse_y", "quit", "rect", "rectto",
  "roundrect", "screentoclient", "set", "setcursor", "setfont", "setimgdim", "setpixel", "showmenu",
  "texth", "triangle", "update", "w",
}) do
  gfx_functions[field] = {}
end

local gfx_variables = {}
for _, field in ipairs({
  "a", "a2", "b", "clear", "dest", "ext_retina", "g", "mode", "mouse_hwheel", "mouse_wheel", "r", "x",
  "y",
}) do
  gfx_variables[field] = { read_only = false }
end

for field, mark in pairs(gfx_variables) do
  gfx_functions[field] = mark
end

read_globals = {
  reaper = { fields = reaper_fields },
  gfx = { fields = gfx_functions },
}

files["tests/fakes/reaper/prelude.lua"] = {
  globals = { "reaper", "gfx", "io", "os", "coroutine", "print" },
}
