/**
 * The mixer as audio nodes; the same for loudspeakers and for a rendering that a test measures.
 *
 * Sources -> a fade for each track of a pass (only while playing) -> a strip for each track -> the output. A
 * gain of 1 is exact, so what plays alone at 0 dB is the stem's own samples.
 */

const RAMP = 0.012;

/** Strips into one output. */
export class Graph {
  /**
   * @param {BaseAudioContext} context
   * @param {string[]} keys of the tracks
   * @param {number} channels of the region
   */
  constructor(context, keys, channels) {
    this.context = context;
    const { destination } = context;
    if (destination.maxChannelCount) {
      destination.channelCount = Math.max(1, Math.min(Math.max(2, channels), destination.maxChannelCount));
    }
    /** @type {Map<string, GainNode>} */
    this.strips = new Map();
    for (const key of keys) {
      const strip = context.createGain();
      strip.connect(destination);
      this.strips.set(key, strip);
    }
  }

  /**
   * @param {Map<string, number>} gains linear, by key
   * @param {boolean} [ramp] within some milliseconds, so that nothing clicks; else at once
   */
  apply(gains, ramp = true) {
    const now = this.context.currentTime;
    for (const [key, strip] of this.strips) {
      const goal = gains.get(key) ?? 0;
      const { gain } = strip;
      if (!ramp) {
        gain.value = goal;
        continue;
      }
      const from = gain.value;
      gain.cancelScheduledValues(now);
      gain.setValueAtTime(from, now);
      gain.linearRampToValueAtTime(goal, now + RAMP);
    }
  }

  /**
   * @param {string} key
   * @returns {AudioNode} where a track's sources go
   */
  strip(key) {
    return /** @type {GainNode} */ (this.strips.get(key));
  }

  /** Lets go of all nodes. */
  close() {
    for (const strip of this.strips.values()) strip.disconnect();
  }
}

/**
 * Has samples start at an exact frame.
 * @param {BaseAudioContext} context
 * @param {Float32Array[]} channels
 * @param {number} rate of the samples
 * @param {number} frame of the context's clock
 * @param {AudioNode} into
 * @returns {AudioBufferSourceNode | null} null where there is nothing to play
 */
export function startAt(context, channels, rate, frame, into) {
  const frames = channels[0]?.length ?? 0;
  if (!frames) return null;
  const buffer = context.createBuffer(channels.length, frames, rate);
  channels.forEach((data, index) => buffer.copyToChannel(/** @type {any} */ (data), index));
  const source = context.createBufferSource();
  source.buffer = buffer;
  source.connect(into);
  source.start(frame / context.sampleRate);
  return source;
}
