-- Presets, stems, formats and version of the core. Written by stembridge_reaper.action_files.
local M = {}

M.VERSION = "0.1.0"

M.PRESETS = {
  {
    id = "vocals",
    title = "Vocals",
    gives = "vocals and instrumental",
    mvsep = {
      model = "40",
      options = {},
      stems = { "vocals", "instrumental" },
    },
    offline = { stems = {} },
  },
  {
    id = "4stems",
    title = "Four stems",
    gives = "vocals, drums, bass and other",
    mvsep = {
      model = "20",
      options = { ["add_opt1"] = "0" },
      stems = { "vocals", "drums", "bass", "other" },
    },
  },
  {
    id = "6stems",
    title = "Six stems",
    gives = "vocals, drums, bass, guitar, piano and other",
    mvsep = {
      model = "63",
      options = {},
      stems = { "vocals", "drums", "bass", "guitar", "piano", "other" },
    },
  },
  {
    id = "karaoke",
    title = "Karaoke",
    gives = "lead vocals, backing vocals and instrumental",
    mvsep = {
      model = "49",
      options = { ["add_opt2"] = "1" },
      stems = { "lead", "backing", "instrumental" },
    },
  },
  {
    id = "drums",
    title = "Drum kit",
    gives = "the parts of the kit",
    mvsep = {
      model = "37",
      options = {},
      stems = { "kick", "snare", "toms", "hihat", "ride", "crash" },
    },
  },
  {
    id = "dialogue",
    title = "Dialogue",
    gives = "dialogue, music and effects",
    mvsep = {
      model = "56",
      options = {},
      stems = { "dialogue", "music", "effects" },
    },
  },
  {
    id = "dereverb",
    title = "De-reverb",
    gives = "the dry sound and its reverberation",
    mvsep = {
      model = "22",
      options = {},
      stems = {},
    },
  },
  {
    id = "denoise",
    title = "De-noise",
    gives = "the sound without its noise",
    mvsep = {
      model = "47",
      options = {},
      stems = {},
    },
  },
  {
    id = "singers",
    title = "Singers",
    gives = "male and female voices",
    mvsep = {
      model = "57",
      options = { ["add_opt2"] = "1" },
      stems = { "male", "female" },
    },
  },
  {
    id = "transcript",
    title = "Transcript",
    gives = "the words as text",
    mvsep = {
      model = "39",
      options = {},
      stems = {},
    },
  },
  {
    id = "centre",
    title = "Phantom centre",
    gives = "the centre and the sides of a stereo field",
    mvsep = {
      model = "55",
      options = {},
      stems = {},
    },
  },
}

M.STEMS = {
  { id = "vocals", label = "Vocals", colour = "#e4572e" },
  { id = "instrumental", label = "Instrumental", colour = "#2e86ab" },
  { id = "drums", label = "Drums", colour = "#f3a712" },
  { id = "bass", label = "Bass", colour = "#6a4c93" },
  { id = "guitar", label = "Guitar", colour = "#2a9d5c" },
  { id = "piano", label = "Piano", colour = "#1982c4" },
  { id = "other", label = "Other", colour = "#7d8597" },
  { id = "rest", label = "Rest", colour = "#9a8c98" },
  { id = "residual", label = "Residual", colour = "#495057" },
}

M.FORMATS = {
  { id = "wav32f", label = "WAV, 32 bit float", lossless = true },
  { id = "wav24", label = "WAV, 24 bit", lossless = true },
  { id = "wav16", label = "WAV, 16 bit", lossless = true },
  { id = "flac24", label = "FLAC, 24 bit", lossless = true },
  { id = "flac16", label = "FLAC, 16 bit", lossless = true },
  { id = "mp3", label = "MP3", lossless = false },
  { id = "m4a", label = "M4A", lossless = false },
}

return M
