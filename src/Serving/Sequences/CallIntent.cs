namespace Orrery.Serving.Sequences;

/// <summary>What is done with the KV of a paused sequence.</summary>
public enum PausedKv
{
    /// <summary>Stays on the device.</summary>
    Preserve,

    /// <summary>Freed; prompt, output and what the tool returned are computed again.</summary>
    Discard,

    /// <summary>Copied to the host when there is room, else kept.</summary>
    Swap,
}

/// <summary>What shall become of a sequence's KV at its next call, decided before the call is made.</summary>
/// <param name="Kv">The choice.</param>
/// <param name="Waste">Memory that the choice is expected to waste, in token-seconds; 0 when nobody counted.</param>
public readonly record struct CallIntent(PausedKv Kv, double Waste);
