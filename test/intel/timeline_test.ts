import assert from "node:assert/strict";
import fc from "fast-check";
import { createTimeline } from "../../src/intel/timeline.ts";

Deno.test("createTimeline() gives moments in their order, whenever they were added", () => {
  const step = fc.option(fc.integer({ min: 0, max: 50 }));
  fc.assert(fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
    const timeline = createTimeline();
    const model: number[] = [];
    const times: number[] = [];
    for (const [handle, time] of steps.entries()) {
      times.push(time ?? 0);
      if (time !== null) {
        timeline.add(time, handle);
        model.push(time);
      } else if (model.length > 0) {
        const least = Math.min(...model);
        assert.equal(timeline.next, least);
        assert.equal(times[timeline.take()], least);
        model.splice(model.indexOf(least), 1);
      }
      assert.equal(timeline.size, model.length);
    }
    assert.equal(timeline.next, Math.min(...model));
  }));
});
