namespace Krait.Training.Config;

/// <summary>Finds the known word that a mistyped one probably meant.</summary>
internal static class NearestName
{
    /// <summary>" Did you mean 'x'?" or nothing when no known word is near.</summary>
    public static string Hint(string word, IEnumerable<string> known)
    {
        string? best = known.OrderBy(k => Distance(word, k)).FirstOrDefault();
        return best is not null && Distance(word, best) <= Math.Max(2, word.Length / 2)
            ? $" Did you mean '{best}'?" : "";
    }

    /// <summary>Levenshtein distance, case ignored.</summary>
    public static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int same = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1;
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + same));
            }
        }
        return row[b.Length];
    }
}
