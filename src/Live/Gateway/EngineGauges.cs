using System.Globalization;

namespace Orrery.Live.Gateway;

/// <summary>What an engine's metrics say of its load, under the names that engines use.</summary>
/// <param name="Running">Requests in the running batch.</param>
/// <param name="Waiting">Requests in its queue.</param>
/// <param name="KvUse">Share of its KV memory in use, 0 to 1; null where it does not say.</param>
internal readonly record struct EngineGauges(int Running, int Waiting, double? KvUse)
{
    /// <summary>
    /// Reads the Prometheus text format. Names: vLLM (b), its older one for the KV (b); SGLang, llama-server and its older one for the KV (c).
    /// Counts add up over label sets (ranks, models); of KV shares the largest is taken. Null where no name is known.
    /// </summary>
    public static EngineGauges? Parse(ReadOnlySpan<char> text)
    {
        double running = 0, waiting = 0;
        double? kvUse = null;
        bool isKnown = false;
        foreach (ReadOnlySpan<char> line in text.EnumerateLines())
        {
            if (!TryRead(line, out ReadOnlySpan<char> name, out double value)) continue;
            switch (name)
            {
                case "vllm:num_requests_running" or "sglang:num_running_reqs" or "llamacpp:requests_processing":
                    running += value;
                    break;
                case "vllm:num_requests_waiting" or "sglang:num_queue_reqs" or "llamacpp:requests_deferred":
                    waiting += value;
                    break;
                case "vllm:kv_cache_usage_perc" or "vllm:gpu_cache_usage_perc" or "sglang:token_usage" or "llamacpp:kv_cache_usage_ratio":
                    kvUse = Math.Max(kvUse ?? 0, Math.Min(value, 1));
                    break;
                default:
                    continue;
            }
            isKnown = true;
        }
        return isKnown ? new(Count(running), Count(waiting), kvUse) : null;
    }

    private static int Count(double value) => (int)Math.Min(value, 1_000_000);

    /// <summary>A line <c>name{labels} value [timestamp]</c> whose value is a number of at least zero.</summary>
    private static bool TryRead(ReadOnlySpan<char> line, out ReadOnlySpan<char> name, out double value)
    {
        value = 0;
        int end = line.IndexOfAny('{', ' ', '\t');
        name = end <= 0 ? [] : line[..end];
        if (name.IsEmpty || name[0] == '#') return false;
        ReadOnlySpan<char> rest = line[end..];
        // Quoted labels may hold braces, but no value does.
        if (rest[0] == '{') rest = rest[(rest.LastIndexOf('}') + 1)..];
        rest = rest.Trim();
        int valueEnd = rest.IndexOfAny(' ', '\t');
        if (valueEnd >= 0) rest = rest[..valueEnd];
        return double.TryParse(rest, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value) && value >= 0;
    }
}
