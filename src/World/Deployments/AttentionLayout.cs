namespace Orrery.World.Deployments;

/// <summary>
/// What it costs that the KV of a sequence does not lie in one piece: attention kernels follow block tables, and the CPU writes these tables
/// before every step. Measured inputs, never outcomes: nothing here follows from the layout itself.
/// </summary>
/// <remarks>
/// time of a paged kernel = (1 + penalty) · time of the contiguous one. Bounds that vAttention's headlines imply (ASPLOS 2025, d): prefill at
/// most 2.92 with FlashAttention's paged kernel and 0.45 with FlashInfer's, decode at most 0.97 with vLLM's. FLOP and bytes stay what they are.
/// The tables are one rectangle, sequences × blocks of the longest, so their CPU time is entry · sequences · ceil(longest / block).
/// </remarks>
/// <param name="PrefillPenalty">Added share of the time of prefill attention.</param>
/// <param name="DecodePenalty">Added share of the time of decode attention.</param>
/// <param name="TableEntrySeconds">CPU time per entry of the tables, beyond what the profile counts per sequence.</param>
/// <param name="BlockTokens">Tokens that an entry stands for.</param>
public sealed record AttentionLayout(double PrefillPenalty, double DecodePenalty, double TableEntrySeconds, int BlockTokens)
{
    /// <summary>In one piece, or as fast as if it were.</summary>
    public static readonly AttentionLayout Contiguous = new(0, 0, 0, 1);
}
