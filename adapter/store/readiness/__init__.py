"""What people attested about the pilot process, and the counts that prove the rest."""
