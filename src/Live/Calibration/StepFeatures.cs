using Orrery.World.Models;
using Orrery.World.Steps;

namespace Orrery.Live.Calibration;

/// <summary>
/// What attention does in a step, summed over layers: the three amounts that its time is linear in. Layers with a window count what lies in it.
/// </summary>
/// <param name="Context">Tokens attended by decodes.</param>
/// <param name="Pairs">Query-key pairs of prompts.</param>
/// <param name="KvTokens">Cached and new tokens that prompts read.</param>
internal readonly record struct StepFeatures(double Context, double Pairs, double KvTokens)
{
    public static StepFeatures Of(StepPoint point, ModelSpec model)
    {
        int windowed = model.WindowedLayers;
        int full = model.Layers - windowed;
        int window = model.Window?.Tokens ?? int.MaxValue;
        double context = 0;
        double pairs = 0;
        double kvTokens = 0;
        foreach (int attended in point.Contexts) context += ((double)full * attended) + ((double)windowed * Math.Min(attended, window));
        foreach (PrefillChunk chunk in point.Chunks)
        {
            pairs += (double)full * AttentionSpan.Pairs(chunk);
            kvTokens += (double)full * (chunk.HistoryTokens + chunk.Tokens);
            if (windowed == 0) continue;
            pairs += (double)windowed * AttentionSpan.Pairs(chunk, window);
            kvTokens += (double)windowed * AttentionSpan.KvTokens(chunk, window);
        }
        return new(context, pairs, kvTokens);
    }
}
