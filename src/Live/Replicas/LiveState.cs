using System.Buffers;
using System.Text;
using System.Text.Json;
using Orrery.Serving.Replicas;
using Orrery.Serving.Swap;

namespace Orrery.Live.Replicas;

/// <summary>What schedulers and memories look like now, as JSON. On the loop.</summary>
internal static class LiveState
{
    public static string Write(IReadOnlyList<LiveModel> models)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            json.WriteString("schema"u8, "orrery.live-state/1"u8);
            json.WriteStartArray("models"u8);
            foreach (LiveModel model in models) Write(json, model);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, LiveModel model)
    {
        Replica replica = model.Replica;
        ReplicaCounters counters = replica.Counters;
        json.WriteStartObject();
        json.WriteString("id"u8, model.Id);
        json.WriteString("scheduler"u8, LiveDesigns.NameOf(model.Settings.Scheduler));
        json.WriteNumber("contextLength"u8, model.ContextLength);
        json.WriteNumber("memoryBytes"u8, model.Memory.Count);
        json.WriteStartObject("requests"u8);
        json.WriteNumber("running"u8, replica.RunningRequests);
        json.WriteNumber("waiting"u8, replica.WaitingRequests);
        json.WriteNumber("live"u8, replica.LiveRequests);
        json.WriteNumber("arrived"u8, model.Fleet.Arrived);
        json.WriteNumber("finished"u8, model.Fleet.Metrics.Finished);
        json.WriteNumber("rejected"u8, model.Fleet.Metrics.Rejected);
        json.WriteNumber("cancelled"u8, model.Fleet.Metrics.Cancelled);
        json.WriteNumber("timedOut"u8, model.Fleet.Metrics.TimedOut);
        json.WriteEndObject();
        json.WriteStartObject("kv"u8);
        json.WriteNumber("blockTokens"u8, replica.Memory.BlockTokens);
        json.WriteNumber("blocks"u8, replica.Memory.TotalBlocks);
        json.WriteNumber("usedBlocks"u8, replica.UsedBlocks);
        json.WriteBoolean("sharesPrefixes"u8, model.Design.PrefixCache);
        json.WriteNumber("cachedPromptTokens"u8, model.Fleet.Metrics.CachedTokens);
        json.WriteEndObject();
        json.WriteStartObject("steps"u8);
        json.WriteNumber("count"u8, counters.Steps);
        json.WriteNumber("prefillTokens"u8, counters.PrefillTokens);
        json.WriteNumber("decodeTokens"u8, counters.DecodeTokens);
        json.WriteNumber("outputTokens"u8, counters.OutputTokens);
        json.WriteNumber("draftedTokens"u8, counters.DraftedTokens);
        json.WriteNumber("acceptedTokens"u8, counters.AcceptedTokens);
        json.WriteNumber("preemptions"u8, counters.Preemptions);
        json.WriteNumber("largestBatch"u8, counters.LargestBatch);
        json.WriteEndObject();
        if (replica.Swap is { } swap) Write(json, swap);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, KvSwap swap)
    {
        json.WriteStartObject("swap"u8);
        json.WriteNumber("tokens"u8, swap.TotalTokens);
        json.WriteNumber("freeTokens"u8, swap.FreeTokens);
        json.WriteNumber("tokensOut"u8, swap.TokensOut);
        json.WriteNumber("tokensIn"u8, swap.TokensIn);
        json.WriteEndObject();
    }
}
