using System.Buffers;
using System.Text;
using System.Text.Json;
using Orrery.Documents;
using Orrery.Serving.Execution;
using Orrery.Serving.Replicas;
using Orrery.Serving.Sequences;

namespace Orrery.Live.Tapes;

/// <summary>A decision as a tape holds it: the batch, and what the decision left of queue and memory.</summary>
internal static class PlanRecord
{
    /// <summary>Writes one; <c>items</c> are request, tokens, padding and drafts of each.</summary>
    public static void Write(Utf8JsonWriter json, Replica replica, StepPlan plan, IReadOnlyList<long> proposed)
    {
        json.WriteStartObject();
        json.WriteStartArray("items");
        foreach (ref readonly PlanItem item in plan.Items)
        {
            json.WriteNumberValue(item.Sequence.Id);
            json.WriteNumberValue(item.Tokens);
            json.WriteNumberValue(item.PaddingTokens);
            json.WriteNumberValue(item.DraftTokens);
        }
        json.WriteEndArray();
        json.WriteNumber("running", replica.RunningRequests);
        json.WriteNumber("waiting", replica.WaitingRequests);
        json.WriteNumber("blocks", replica.Memory.UsedBlocks);
        if (plan.PreemptedCount > 0) json.WriteNumber("preempted", plan.PreemptedCount);
        if (plan.ReclaimedCount > 0) json.WriteNumber("reclaimed", plan.ReclaimedCount);
        if (plan.PaddingRows > 0) json.WriteNumber("paddingRows", plan.PaddingRows);
        if (!plan.RetryAt.IsNever) json.WriteNumber("retryAt", plan.RetryAt.Nanoseconds);
        if (replica.Swap is { } swap)
        {
            json.WriteNumber("out", swap.TokensOut);
            json.WriteNumber("in", swap.TokensIn);
        }
        if (proposed.Count > 0)
        {
            json.WriteStartArray("proposed");
            foreach (long id in proposed) json.WriteNumberValue(id);
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    /// <summary>The same as text, to be compared with a line of a tape.</summary>
    public static string Text(Replica replica, StepPlan plan, IReadOnlyList<long> proposed)
    {
        ArrayBufferWriter<byte> buffer = new(256);
        using Utf8JsonWriter json = new(buffer);
        Write(json, replica, plan, proposed);
        json.Flush();
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}

/// <summary>How a request left.</summary>
/// <param name="Id">The request.</param>
/// <param name="Outcome">Why it left.</param>
/// <param name="Output">Tokens that it got.</param>
/// <param name="Preemptions">How often it was preempted.</param>
/// <param name="Cached">Prompt tokens that a prefix cache supplied.</param>
/// <param name="FirstToken">Nanoseconds; −1 without a token.</param>
/// <param name="LastToken">Nanoseconds; −1 without a token.</param>
internal readonly record struct LeftRecord(long Id, string Outcome, int Output, int Preemptions, int Cached, long FirstToken, long LastToken)
{
    public static LeftRecord Of(Sequence sequence)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        bool isSilent = sequence.FirstToken.IsNever;
        return new(sequence.Id, ChoiceNames.Of(sequence.Outcome), sequence.GeneratedTokens, sequence.Preemptions, sequence.CachedTokens,
            isSilent ? -1 : sequence.FirstToken.Nanoseconds, isSilent ? -1 : sequence.LastToken.Nanoseconds);
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("id", Id);
        json.WriteString("as", Outcome);
        json.WriteNumber("output", Output);
        if (Preemptions > 0) json.WriteNumber("preemptions", Preemptions);
        if (Cached > 0) json.WriteNumber("cached", Cached);
        if (FirstToken >= 0)
        {
            json.WriteNumber("first", FirstToken);
            json.WriteNumber("last", LastToken);
        }
        json.WriteEndObject();
    }
}
