using Orrery.Serving.Sequences;

namespace Orrery.Serving.Exposition;

/// <summary>
/// How evenly clients were served, in two numbers instead of one series per client, of which there may be any number. Service is counted as
/// VTC does (Sheng et al., OSDI 2024, a): a prompt token once, an output token twice.
/// </summary>
public sealed class ClientShares
{
    /// <summary>Clients that are told apart, so that memory stays bounded; the service of later ones is in no figure (our choice, d).</summary>
    public const int MostClients = 4096;

    private const long OutputWeight = 2;

    private readonly Dictionary<int, long> _service = [];

    /// <summary>Clients told apart so far.</summary>
    public int Clients => _service.Count;

    /// <summary>Service of the one who got most, over that of all; 0 before anybody got any.</summary>
    public double LargestShare
    {
        get
        {
            long all = 0;
            long most = 0;
            foreach (long service in _service.Values)
            {
                all += service;
                most = Math.Max(most, service);
            }
            return all == 0 ? 0 : (double)most / all;
        }
    }

    /// <summary>Jain's index (Jain, Chiu and Hawe 1984, a): (Σx)² / (n Σx²) of the service x of n clients; 1 when all got the same, 1/n when one got all.</summary>
    public double JainIndex
    {
        get
        {
            double sum = 0;
            double squares = 0;
            foreach (long service in _service.Values)
            {
                sum += service;
                squares += (double)service * service;
            }
            return squares == 0 ? 1 : sum * sum / (_service.Count * squares);
        }
    }

    internal void Add(Sequence sequence)
    {
        long service = sequence.FirstToken.IsNever ? 0 : sequence.PromptTokens + (OutputWeight * sequence.GeneratedTokens);
        if (_service.TryGetValue(sequence.Client, out long before)) _service[sequence.Client] = before + service;
        else if (_service.Count < MostClients) _service.Add(sequence.Client, service);
    }
}
